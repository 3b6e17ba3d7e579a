// The stored form of a copy job, under "job/copy/<id>".
#pragma once

#include <string>

#include "replication/copy_jobs.h"

namespace distributary {

inline constexpr std::string_view kCopyJobPrefix = "job/copy/";
std::string copy_job_key(const Uuid& id);

std::string encode_copy_job(const CopyJobs::Job& job);
// Errors: corrupt, unsupported (a newer version).
Result<CopyJobs::Job> decode_copy_job(const std::string& value);

}  // namespace distributary
