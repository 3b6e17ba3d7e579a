// The one place where Boost.JSON is compiled: the distribution's package of it is headers only.
#include <boost/json/src.hpp>
