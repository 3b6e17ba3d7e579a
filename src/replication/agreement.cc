#include "replication/agreement.h"

#include "replication/endings.h"

namespace distributary {

namespace {

std::string after(const HeldPosition& held) {
  return std::to_string(held.lsn) + " of origin " + to_string(held.origin);
}

Ending ahead(const std::string& where, const HeldPosition& held, std::string ours) {
  return {LinkErrorCode::ahead,
          "replica " + where + " holds this stream's history up to " + after(held) + ", but here " + ours +
              ": this stream has lost what it once sent. Nothing is sent until its missing history is "
              "brought back, or the replica is made anew"};
}

Ending diverged(const std::string& where, const HeldPosition& held) {
  return {LinkErrorCode::diverged,
          "replica " + where + " has another history up to " + after(held) +
              " than this stream. Nothing is sent. Find the difference with `mapr diffstreams`, then make "
              "the replica anew and register it again"};
}

// Compares one position of the replica with the source's history. nullopt: nothing speaks against it.
Task<std::optional<Ending>> compare(Stream& source, std::string where, HeldPosition held) {
  bool own = held.origin.stream == source.origin().stream;
  const OriginPositions& origins = source.state().origins();
  auto ours = origins.find(held.origin);
  if (held.lsn == 0) co_return std::nullopt;
  if (ours == origins.end() || held.lsn > ours->second.lsn) {
    if (!own) co_return std::nullopt;  // it was brought by another link
    std::string end =
        ours == origins.end() ? "that origin is not known" : "it ends at " + std::to_string(ours->second.lsn);
    co_return ahead(where, held, std::move(end));
  }
  Result<std::optional<Hash128>> chain = co_await source.chain_at(held.origin, held.lsn);
  if (!chain) co_return ending_of(chain.error(), LinkErrorCode::source_failed);
  // Without a hash the first entry that is sent decides: it names the hash before it.
  if (chain->has_value() && **chain != held.chain) co_return diverged(where, held);
  co_return std::nullopt;
}

// For origins of which the replica has nothing: what stands for their history that is gone. `gap` when it has a part.
Task<Status> add_baselines(Stream& source, Agreement& agreement) {
  CO_TRY(Stream::Baselines baselines, co_await source.baselines());
  size_t next = 0;
  for (const auto& [origin, position] : baselines.origins) {
    const Bytes& content = baselines.contents.at(next++);
    OriginPosition& held = agreement.held[origin];
    if (held.lsn >= position.lsn) continue;
    if (held.lsn > 0) {
      co_return fail(ErrorCode::gap, "of origin " + to_string(origin) + " it holds " + std::to_string(held.lsn) +
                                         ", kept is what follows " + std::to_string(position.lsn));
    }
    held = position;
    agreement.baselines.push_back(content);
    agreement.baselined[origin] = position;
  }
  agreement.start = baselines.position;
  co_return Status{};
}

// For origins of which the replica has nothing and of which a rewrite has dropped something here: what comes first, so
// that it takes the rest as it is. A replica that has a part needs the rest whole, and says so when it is not.
void add_notes(const Stream& source, Uuid replica, Agreement& agreement) {
  for (const auto& [origin, position] : source.state().origins()) {
    auto held = agreement.held.find(origin);
    bool nothing = held == agreement.held.end() || held->second.lsn == 0;
    if (nothing && origin.stream != replica && source.rewritten_until(origin) > 0)
      agreement.baselines.push_back(source.rewritten_note(origin));
  }
}

}  // namespace

OriginPosition position_after(const ContentView& content) { return {content.last_origin_lsn(), content.chain_after()}; }

Task<Agreement> agree(Stream& source, Uuid replica, std::string where, std::vector<HeldPosition> positions) {
  Agreement out;
  for (const HeldPosition& held : positions) {
    HeldPosition copy = held;
    out.refusal = co_await compare(source, where, copy);
    if (out.refusal) co_return out;
    out.held[held.origin] = {held.lsn, held.chain};
  }
  // What the replica wrote came from there.
  for (const auto& [origin, position] : source.state().origins()) {
    if (origin.stream == replica && out.held[origin].lsn < position.lsn) out.held[origin] = position;
  }
  OriginPositions held = out.held;
  Result<LogPosition> start = co_await source.find_position(std::move(held));
  if (start) {
    out.start = *start;
    add_notes(source, replica, out);
    co_return out;
  }
  Error error = start.error();
  if (error.code == ErrorCode::gap) {
    Status based = co_await add_baselines(source, out);
    if (based) add_notes(source, replica, out);
    if (based) co_return out;
    error = based.error();
  }
  Ending ending = ending_of(error, LinkErrorCode::source_failed);
  if (ending.code == LinkErrorCode::gap) {
    ending.message = "history that replica " + where + " needs is no longer kept here (" + error.message +
                     "). Nothing is skipped: make the replica anew and fill it with `mapr copystream`";
  }
  out.refusal = std::move(ending);
  co_return out;
}

std::string describe_regression(const OriginPositions& acknowledged, const OriginPositions& held) {
  std::string out;
  for (const auto& [origin, position] : acknowledged) {
    auto now = held.find(origin);
    OriginLsn lsn = now == held.end() ? 0 : now->second.lsn;
    if (lsn >= position.lsn) continue;
    if (!out.empty()) out += "; ";
    out += "origin " + to_string(origin) + ": acknowledged " + std::to_string(position.lsn) + ", holds " +
           std::to_string(lsn);
  }
  return out;
}

}  // namespace distributary
