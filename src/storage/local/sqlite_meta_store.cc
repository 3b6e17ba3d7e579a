#include "storage/local/sqlite_meta_store.h"

#include <chrono>

namespace distributary {

Task<Result<std::unique_ptr<SqliteMetaStore>>> SqliteMetaStore::open(Executor& executor, BlockingPool& pool,
                                                                     std::string path) {
  auto work = [&path] { return MetaDatabase::open(path); };
  Result<std::unique_ptr<MetaDatabase>> database = co_await run_blocking(pool, executor, work);
  if (!database) co_return fail(database.error());
  co_return std::unique_ptr<SqliteMetaStore>(new SqliteMetaStore(executor, pool, std::move(*database)));
}

template <class Work>
auto SqliteMetaStore::call(Work work) -> Task<decltype(work(std::declval<MetaDatabase&>()))> {
  uint64_t turn = next_turn_++;
  while (current_turn_ < turn) {
    Status waited = co_await turn_ended_.wait();
    CHECK(waited.has_value());
  }
  MetaDatabase& database = *database_;
  auto on_pool = [&database, &work] { return work(database); };
  auto result = co_await run_blocking(pool_, executor_, on_pool);
  ++current_turn_;
  turn_ended_.notify_all();
  co_return result;
}

Task<Result<std::optional<std::string>>> SqliteMetaStore::get(std::string key) {
  auto work = [&key](MetaDatabase& database) { return database.get(key); };
  co_return co_await call(work);
}

Task<Result<std::vector<MetaEntry>>> SqliteMetaStore::scan(std::string prefix, std::string after, size_t limit) {
  auto work = [&prefix, &after, limit](MetaDatabase& database) { return database.scan(prefix, after, limit); };
  co_return co_await call(work);
}

Task<Status> SqliteMetaStore::apply(MetaBatch batch) {
  CO_TRY_STATUS(check_meta_batch(batch));
  auto work = [&batch](MetaDatabase& database) { return database.apply(batch); };
  CO_TRY_STATUS(co_await call(work));
  for (const MetaBatch::Write& each : batch.writes) watch_.changed(each.key);
  co_return Status{};
}

Task<Status> SqliteMetaStore::take_lease(std::string name, std::string holder, Duration span) {
  WallMillis now = executor_.clock().wall_now();
  WallMillis until = now + std::chrono::ceil<std::chrono::milliseconds>(span).count();
  auto work = [&, now, until](MetaDatabase& database) { return database.take_lease(name, holder, now, until); };
  co_return co_await call(work);
}

Task<Status> SqliteMetaStore::release_lease(std::string name, std::string holder) {
  WallMillis now = executor_.clock().wall_now();
  auto work = [&, now](MetaDatabase& database) { return database.release_lease(name, holder, now); };
  co_return co_await call(work);
}

}  // namespace distributary
