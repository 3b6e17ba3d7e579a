// One simulated run: two clusters, their gateways, producers, a consumer group and the procedure, with faults, from one
// seed.
//
// What must hold is checked while it runs (checker.cc) and once all faults are over: the replica is an exact prefix of
// its source at every instant and identical in the end; nothing acknowledged is lost, changed or there twice; of each
// key of a compacted topic the newest record stays; a committed position moves with the data; readers of committed
// records see the records of committed transactions and of no others, on both sides.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/admin/remote_clusters.h"
#include "sim/sim_client.h"
#include "sim/sim_cluster.h"
#include "wire/kafka/create_topics.h"
#include "wire/kafka/error_code.h"

namespace distributary::sim {

inline constexpr int kTopics = 2;
inline constexpr int kTrimmedTopic = kTopics;              // one more, whose oldest records are deleted now and then
inline constexpr int kCompactedTopic = kTrimmedTopic + 1;  // and one of few keys, with cleanup.policy=compact
inline constexpr int kPartitions = 2;
inline constexpr int kProducers = 3;
inline constexpr int kTransactors = 2;

// One command of an administrator.
struct Order {
  std::string cluster;
  std::vector<std::string> words;
  admin::Arguments::Pairs options;
  Order& with(std::string name, std::string value) {
    options.emplace_back(std::move(name), std::move(value));
    return *this;
  }
};
Order order(std::string cluster, const std::string& words);

// Whether it is the end of a transaction that was aborted.
bool ends_aborted(const RecordBatchView& batch);

class Simulation {
 public:
  explicit Simulation(uint64_t seed);
  ~Simulation();
  // Empty: everything held. Else what did not.
  std::vector<std::string> run();
  // For a line of statistics.
  size_t acknowledged() const { return acknowledged_count_; }
  size_t faults() const { return faults_; }
  size_t checks() const { return checks_; }
  size_t transactions() const { return fates_.size(); }
  bool rewritten() const { return rewritten_; }  // something was, at the source

 private:
  struct Place {
    int topic = 0;
    int partition = 0;
    auto operator<=>(const Place&) const = default;
  };

  // simulation.cc
  Task<void> scenario();
  Task<void> procedure();
  Task<void> create_source();
  Task<void> admin(Order order);
  Task<void> produce();
  Task<bool> send(SimClient& client, Place place, int64_t producer_id, int32_t sequence,
                  std::vector<std::string> values);
  // What is sent for a value: itself, or in the compacted topic one of a few keys, and now and then a tombstone.
  struct Update {
    std::string key;
    std::optional<std::string> value;
    std::string shown() const { return value ? *value : "tombstone of " + key; }
  };
  static Update update_of(Place place, const std::string& value);
  Task<int64_t> producer_id(SimClient& client);
  Task<void> commit();
  void note_acknowledged(Place place, Offset base, const std::vector<std::string>& values);
  void forget_unanswered(Place place, const std::vector<std::string>& values);
  Task<void> settle();

  // transactions.cc
  enum class Fate { pending, committing, committed, aborted };
  // One transactional producer, as one process after the other.
  struct Transactor {
    explicit Transactor(World& world) : client(world, Address{"sf", kKafkaPort}) {}
    SimClient client;
    int number = 0;
    std::string id;
    bool second_flow = false;  // KIP-890
    int64_t producer_id = -1;
    int16_t epoch = -1;
    std::map<Place, int32_t> sequences;
    size_t transaction = 0;
    Offset position = 0;  // committed by its transactions
    Offset next_position = 0;
  };
  enum class Step { done, fenced, over };  // over: the load has ended
  Task<void> transact(int number);
  Task<void> begin(Transactor& as);
  Task<Step> one_transaction(Transactor& as);
  Task<Step> send_in(Transactor& as, Place place);
  Task<Step> add_partition(Transactor& as, Place place);
  Task<Step> move_position(Transactor& as);
  Task<Step> end(Transactor& as, bool commit);
  Task<void> try_as_zombie(Transactor& as, int16_t old_epoch);
  Step judge(Transactor& as, kafka::ErrorCode error, const char* what);
  bool load_goes_on() const { return loading_ || breaking_ || under_way_ > 0; }

  // transaction_checker.cc
  using Values = std::map<Place, std::vector<std::string>>;
  Task<Values> committed_contents(SimCluster& cluster);
  Task<bool> read_committed(const SimCluster::Borrowed& stream, TopicPartition partition,
                            std::vector<std::string>& values);
  Task<void> check_committed_now(SimCluster& cluster);
  Task<void> check_transactions_at_end();
  // dying.cc
  Task<void> delete_records();
  Task<void> make_and_delete_topics();
  Task<void> purge();

  // compaction.cc
  using Table = std::map<Offset, Update>;
  using Newest = std::map<std::string, Offset>;  // by key
  kafka::CreateTopicsRequest compacted_topic_request();
  Task<void> create_compacted_topic();
  Task<Offset> read_table(const SimCluster::Borrowed& stream, TopicPartition partition, Table& table);
  static void add_committed(const std::vector<AbortedTransaction>& aborted, const std::vector<Piece>& batches,
                            Table& table);
  static std::string key_of(const std::string& shown);
  Newest newest_acknowledged(Place place, Offset end) const;
  void check_table(const std::string& where, Place place, Offset end, const Table& table, bool at_end);
  Task<void> check_tables(SimCluster& cluster, bool at_end);

  // faults.cc
  Task<void> break_things();
  SimCluster::Death some_death();
  Task<void> kill_and_restart(SimCluster& cluster, SimCluster::Death death);
  Task<void> restart(SimCluster& cluster);
  Task<void> cut_for_a_while();

  // checker.cc
  Task<void> check_repeatedly();
  Task<void> check_prefix();
  Task<void> check_end();
  Task<bool> caught_up();
  // Of each partition: its records, and where its log starts.
  struct Content {
    Offset log_start = 0;
    std::map<Offset, std::string> records;
    bool operator==(const Content&) const = default;
  };
  Task<std::map<Place, Content>> contents(SimCluster& cluster);
  Task<Content> content(SimCluster::Borrowed stream, TopicPartition partition);
  void check_records(const Content& content, Place place);
  void broken(std::string what);

  Task<void> pause(Duration at_most);
  uint64_t random(uint64_t below) { return sim_.random().below(below); }
  static std::string topic_name(int topic);

  SimWorld sim_;
  ClusterMap map_;
  SimCluster source_;
  SimCluster replica_;
  World* client_world_ = nullptr;
  std::unique_ptr<admin::RemoteClusters> remote_;
  std::map<Place, std::map<Offset, std::string>> acknowledged_;
  std::map<Place, Offset> deleting_;                          // up to where records may be gone, and
  std::map<Place, Offset> deleted_;                           // up to where they must be
  std::map<Place, Offset> committed_;                         // the last acknowledged commit of group "readers"
  std::vector<Fate> fates_;                                   // of every transaction
  std::map<std::string, size_t> transaction_of_;              // of the values written in one, in topics that keep all
  std::map<Place, std::map<Offset, size_t>> transaction_at_;  // likewise in the compacted topic
  std::map<Place, std::multiset<std::string>> unanswered_;    // keys that may have been written
  std::map<std::string, Offset> moved_;  // the last position that a transaction has committed, by group
  std::string user_ = "root";
  bool async_ = false;  // the streams' durability
  std::vector<std::string> broken_;
  size_t acknowledged_count_ = 0;
  size_t faults_ = 0;
  size_t checks_ = 0;
  size_t values_made_ = 0;
  size_t topics_made_ = 0;
  bool rewritten_ = false;
  bool loading_ = true;   // producers go on
  bool breaking_ = true;  // faults go on
  bool procedure_done_ = false;
  int under_way_ = 0;  // faults not mended yet
};

}  // namespace distributary::sim
