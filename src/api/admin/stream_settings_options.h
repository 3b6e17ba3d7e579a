// Stream settings as options and as fields: both have the same names.
#pragma once

#include <vector>

#include "api/admin/command.h"
#include "model/stream_settings.h"

namespace distributary::admin {

// The options that `stream create` and `stream edit` share.
std::vector<OptionSpec> settings_options();
// Changes what is given and nothing else.
Status apply_settings(const Arguments& arguments, StreamSettings& settings);

// As `stream info` prints them after its other fields. Permissions only when asked.
void append_settings(Record& record, const StreamSettings& settings, bool permissions);
// From the `stream info` of another cluster. What the record has not (permissions that we may not see) stays as in
// `settings`.
Status apply_record(const Record& record, StreamSettings& settings);

}  // namespace distributary::admin
