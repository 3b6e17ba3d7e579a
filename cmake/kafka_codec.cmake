# kafka_codec(sources): sets `sources` to the codec files that tools/kafka_codec generates from schema/kafka into
# <build>/generated, where `#include "wire/kafka/<api>.h"` finds the headers.
function(kafka_codec sources)
  set(generator ${CMAKE_SOURCE_DIR}/tools/kafka_codec)
  set(schema ${CMAKE_SOURCE_DIR}/schema/kafka)
  set(out ${CMAKE_BINARY_DIR}/generated/wire/kafka)
  file(GLOB inputs CONFIGURE_DEPENDS ${generator}/*.py ${schema}/*.txt)
  list(FILTER inputs EXCLUDE REGEX "/test_")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${inputs})
  set(command ${Python3_EXECUTABLE} -B ${generator} --schema ${schema} --out ${out})
  execute_process(COMMAND ${command} --list OUTPUT_VARIABLE files OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
  add_custom_command(OUTPUT ${files} COMMAND ${command} DEPENDS ${inputs} VERBATIM
                     COMMENT "Generating the Kafka codecs")
  set(${sources} ${files} PARENT_SCOPE)
  if(DISTRIBUTARY_TESTS)
    add_test(NAME kafka_codec COMMAND ${Python3_EXECUTABLE} -B -m unittest discover WORKING_DIRECTORY ${generator})
  endif()
endfunction()
