#include "replication/copy_job_record.h"

#include "base/coding_pieces.h"

namespace distributary {

namespace {

constexpr uint8_t kJobVersion = 1;

void write_problem(Encoder& out, const std::optional<LinkProblem>& problem) {
  out.u8(problem ? 1 : 0);
  if (!problem) return;
  out.text(problem->code);
  out.text(problem->host);
  out.text(problem->message);
  out.i64(problem->since);
}

std::optional<LinkProblem> read_problem(Decoder& in) {
  if (in.u8() == 0) return std::nullopt;
  LinkProblem problem;
  problem.code = in.text();
  problem.host = in.text();
  problem.message = in.text();
  problem.since = in.i64();
  return problem;
}

}  // namespace

std::string copy_job_key(const Uuid& id) { return std::string(kCopyJobPrefix) + to_string(id); }

std::string encode_copy_job(const CopyJobs::Job& job) {
  const CopyStatus& s = job.status;
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.u8(kJobVersion);
  out.raw(s.id.view());
  out.u8(static_cast<uint8_t>(s.state));
  out.raw(s.source.view());
  out.text(s.source_path);
  out.text(s.cluster);
  out.text(s.path);
  out.raw(s.replica.view());
  out.text(job.grant);
  out.i64(s.started);
  out.i64(s.ended);
  for (uint64_t number : {job.target.next, job.target.history_bytes, job.target.history_records}) out.u64(number);
  out.u8(job.based ? 1 : 0);
  for (uint64_t number :
       {job.base_bytes, job.base_records, s.bytes_done, s.bytes_total, s.records_done, s.records_total})
    out.u64(number);
  write_problem(out, s.problem);
  return std::string(as_text(bytes));
}

Result<CopyJobs::Job> decode_copy_job(const std::string& value) {
  Decoder in(as_bytes(value));
  uint8_t version = in.u8();
  if (version != kJobVersion)
    return fail(ErrorCode::unsupported, "a stored copy job has version " + std::to_string(version));
  CopyJobs::Job job;
  CopyStatus& s = job.status;
  s.id = get_uuid(in);
  uint8_t state = in.u8();
  s.source = get_uuid(in);
  s.source_path = in.text();
  s.cluster = in.text();
  s.path = in.text();
  s.replica = get_uuid(in);
  job.grant = in.text();
  s.started = in.i64();
  s.ended = in.i64();
  for (uint64_t* number : {&job.target.next, &job.target.history_bytes, &job.target.history_records})
    *number = in.u64();
  job.based = in.u8() != 0;
  for (uint64_t* number :
       {&job.base_bytes, &job.base_records, &s.bytes_done, &s.bytes_total, &s.records_done, &s.records_total}) {
    *number = in.u64();
  }
  s.problem = read_problem(in);
  if (!in.done() || state > static_cast<uint8_t>(CopyState::cancelled))
    return fail(ErrorCode::corrupt, "a stored copy job cannot be read");
  s.state = static_cast<CopyState>(state);
  if (s.state == CopyState::done) {
    s.percentage = 100;
  } else if (s.bytes_total > 0) {
    s.percentage = static_cast<int>(s.bytes_done * 100 / s.bytes_total);
  }
  return job;
}

}  // namespace distributary
