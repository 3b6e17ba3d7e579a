// The envelope around every answer, as JSON and as the table that the command line prints.
//
//   {"timestamp":…, "timeofday":"…", "status":"OK", "total":n, "data":[ … ]}
//   {"timestamp":…, "timeofday":"…", "status":"ERROR", "errors":[{"id":22, "desc":"<command>: <message>"}]}
//
// Printed with tabs, one field per line, no blank after the colon; an empty list takes exactly nine lines. Pure
// functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "api/admin/record.h"

namespace distributary::admin {

inline constexpr size_t kAnswerDepthMax = 8;  // nesting of JSON that another cluster sends

// errno-like numbers, one for each code, so that an error keeps its code on its way between clusters.
int error_id(ErrorCode code);
ErrorCode error_code(int id);  // `io` for a number that is not ours

// `command` is its words with blanks.
std::string to_envelope(const Result<Records>& answer, std::string_view command, WallMillis now);
// The answer in an envelope. An error inside it becomes the Result's error, without the leading "<command>: "; a text
// that is no envelope is `corrupt`.
Result<Records> parse_envelope(std::string_view json, std::string_view command);

// Headings and one line per record, columns padded; nothing at all for no records. A record without some field leaves
// its place as "-".
std::string to_table(const Records& records);
// ERROR (22) -  message
std::string to_error_line(const Error& error);

}  // namespace distributary::admin
