// AdminService: runs commands. Decides which cluster a command belongs to, checks permissions, calls the handler; and
// answers REST with it.
//
//   GET or POST /rest/<words joined by />?<option>=<value>&...     options of a POST may also be in a form body
//
// The answer is always JSON (envelope.h). A command that was found answers with HTTP 200, whatever came of it; an
// unknown one with 404, a user who could not be established with 401.
//
// Who asks: the user of HTTP basic authentication. On a secure listener the TLS peer vouches for the name: it must hold
// a key of this cluster or of one in the map. On an insecure one (loopback) the name is taken as it is; without any it
// is `anonymous`.
//
// Threads: the executor's thread only. Ownership: the context outlives it.
#pragma once

#include <string>
#include <vector>

#include "api/admin/admin_context.h"
#include "api/admin/command.h"
#include "api/admin/http_server.h"

namespace distributary::admin {

inline constexpr const char* kAnonymous = "anonymous";

class AdminService final : public HttpHandler {
 public:
  struct Trust {
    std::string own_root;  // fingerprint; empty when this cluster is not secure
  };
  AdminService(AdminContext& context, Trust trust) : context_(context), trust_(std::move(trust)) {}

  // Runs a command that has been found in the table, here or where its path says. `forwarded`: refuse what belongs
  // elsewhere.
  static Task<Result<Records>> run(AdminContext& context, const Command& command, Arguments::Pairs options,
                                   Principal principal, bool forwarded);

  Task<HttpResponse> serve(HttpRequest request, HttpPeer peer) override;

 private:
  Result<Principal> authenticate(const HttpRequest& request, const HttpPeer& peer) const;

  AdminContext& context_;
  Trust trust_;
};

}  // namespace distributary::admin
