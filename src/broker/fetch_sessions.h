// FetchSessions: the sessions that are kept between requests, within bounds. Too many: as in Kafka, a new one takes the
// place of one that has not been used for a while, or of a smaller one that has been here for a while; else it is
// declined, and the client goes on without.
//
// A session belongs to a user, not to a connection. Threads: the executor's. Ownership: Fetcher's.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>

#include "broker/fetch_session.h"

namespace distributary {

class FetchSessions {
 public:
  explicit FetchSessions(BrokerContext context) : context_(context) {}

  struct Opened {
    Fault fault;
    std::shared_ptr<FetchSession> session;  // one that lives as long as the request, or a kept one
    int32_t epoch = 0;                      // that its next request must have; changed meanwhile: another came
    bool incremental = false;
    bool keep = false;  // the client asks for a session
  };
  // The session for a request. One that the request ends is dropped.
  Opened open(const FetchRequest& request, const Caller& caller);
  // Makes the request's changes, when it is its turn. A fault when there is no room for them: the session is dropped.
  Fault change(const Opened& opened, const FetchRequest& request);
  // Keeps a new session and gives it an id, or declines (id 0).
  void keep(const std::shared_ptr<FetchSession>& session);
  void clear();
  size_t count() const { return kept_.size(); }
  size_t partitions() const { return partitions_; }

 private:
  struct Kept {
    std::shared_ptr<FetchSession> session;
    SteadyTime created;
    SteadyTime used;
    size_t size = 0;  // as counted in `partitions_`
  };
  using Map = boost::unordered_flat_map<int32_t, Kept>;
  Opened resume(const FetchRequest& request, const Caller& caller);
  Map::iterator find(int32_t id, const Caller& caller);
  void drop(Map::iterator kept);
  bool has_room(size_t partitions) const;
  bool make_room(size_t partitions);

  BrokerContext context_;
  Map kept_;
  size_t partitions_ = 0;
};

}  // namespace distributary
