#include "io/real/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <system_error>

#include "base/check.h"
#include "io/real/openssl_handles.h"

namespace distributary {

namespace {

using Store = std::unique_ptr<X509_STORE, OpensslRelease<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, OpensslRelease<X509_STORE_CTX_free>>;

// In this order, the listener's counting: the first is the cheapest where the processor has AES, and bulk replication
// spends much of its time in it. All of TLS 1.3's usual ones are accepted.
constexpr const char* kCipherSuites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

OpensslBio open_text(const std::string& text) {
  return OpensslBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string take_openssl_errors() {
  std::string text;
  while (unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (!text.empty()) text += "; ";
    text += reason != nullptr ? reason : "OpenSSL error " + std::to_string(code);
  }
  return text;
}

// 0, or why the peer's chain is refused.
int refusal(STACK_OF(X509) * presented, X509* node, bool peer_is_client) {
  if (sk_X509_num(presented) < 2) return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT;
  if (sk_X509_num(presented) > 2) return X509_V_ERR_CERT_CHAIN_TOO_LONG;
  X509* root = sk_X509_value(presented, 1);
  if (X509_check_ca(root) != 1) return X509_V_ERR_INVALID_CA;
  // An ordinary verification in which exactly the root that was shown is trusted.
  Store store(X509_STORE_new());
  StoreContext verification(X509_STORE_CTX_new());
  if (X509_STORE_add_cert(store.get(), root) != 1) return X509_V_ERR_OUT_OF_MEM;
  if (X509_STORE_CTX_init(verification.get(), store.get(), node, nullptr) != 1) return X509_V_ERR_OUT_OF_MEM;
  X509_STORE_CTX_set_flags(verification.get(), X509_V_FLAG_CHECK_SS_SIGNATURE);
  X509_STORE_CTX_set_purpose(verification.get(), peer_is_client ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER);
  if (X509_verify_cert(verification.get()) != 1) {
    int error = X509_STORE_CTX_get_error(verification.get());
    return error != X509_V_OK ? error : X509_V_ERR_UNSPECIFIED;
  }
  // The node's certificate and the root are two: a root's key does not run a node.
  return sk_X509_num(X509_STORE_CTX_get0_chain(verification.get())) == 2 ? X509_V_OK : X509_V_ERR_INVALID_CA;
}

int verify_peer(X509_STORE_CTX* context, void*) {
  SSL* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  bool peer_is_client = SSL_is_server(ssl) == 1;
  int error = refusal(X509_STORE_CTX_get0_untrusted(context), X509_STORE_CTX_get0_cert(context), peer_is_client);
  X509_STORE_CTX_set_error(context, error);
  return error == X509_V_OK ? 1 : 0;
}

Status use_identity(SSL_CTX* context, const TlsIdentity& identity) {
  OpensslBio chain = open_text(identity.chain_pem);
  OpensslCertificate node(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  if (!node || SSL_CTX_use_certificate(context, node.get()) != 1) {
    return fail(ErrorCode::invalid_argument, "TLS certificate: " + take_openssl_errors());
  }
  while (OpensslCertificate next{PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)}) {
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) {
      return fail(ErrorCode::invalid_argument, "TLS certificate chain: " + take_openssl_errors());
    }
  }
  ERR_clear_error();  // the end of the text counts as an error
  OpensslBio key_text = open_text(identity.key_pem);
  OpensslKey key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return fail(ErrorCode::invalid_argument, "TLS key: " + take_openssl_errors());
  }
  return {};
}

std::string common_name(X509* certificate) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return {};
  unsigned char* text = nullptr;
  int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
  if (length < 0) return {};
  std::string name(reinterpret_cast<char*>(text), static_cast<size_t>(length));
  OPENSSL_free(text);
  return name;
}

std::string fingerprint(X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  CHECK(X509_digest(certificate, EVP_sha256(), digest, &length) == 1);
  std::string text;
  for (unsigned int i = 0; i < length; ++i) {
    const char* digits = "0123456789abcdef";
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::make(const TlsIdentity& identity) {
  ERR_clear_error();
  SSL_CTX* context = SSL_CTX_new(TLS_method());
  CHECK(context != nullptr);
  std::shared_ptr<TlsContext> made(new TlsContext(context));
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  CHECK(SSL_CTX_set_ciphersuites(context, kCipherSuites) == 1);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, verify_peer, nullptr);
  TRY_STATUS(use_identity(context, identity));
  return made;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

TlsSession::TlsSession(std::shared_ptr<TlsContext> context, int descriptor, Role role)
    : context_(std::move(context)), ssl_(SSL_new(context_->get())) {
  // Records gather before they are sent, and come several at once, so that a call of the system carries many. OpenSSL's
  // own read-ahead would do the latter too, but moves all that is left to the front for every record.
  BIO* input = BIO_new_socket(descriptor, BIO_NOCLOSE);
  BIO* ahead = BIO_new(BIO_f_buffer());
  BIO* output = BIO_new_socket(descriptor, BIO_NOCLOSE);
  BIO* gather = BIO_new(BIO_f_buffer());
  CHECK(ssl_ != nullptr && input != nullptr && ahead != nullptr && output != nullptr && gather != nullptr);
  CHECK(BIO_set_read_buffer_size(ahead, kReceiveBytes) == 1);
  CHECK(BIO_set_write_buffer_size(gather, kSendBytes) == 1);
  SSL_set_bio(ssl_, BIO_push(ahead, input), BIO_push(gather, output));  // and frees them
  if (role == Role::connects) {
    SSL_set_connect_state(ssl_);
  } else {
    SSL_set_accept_state(ssl_);
  }
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

TlsSession::Outcome TlsSession::outcome_of(int result) {
  if (result > 0) return Outcome::done;
  int system_error = errno;
  int kind = SSL_get_error(ssl_, result);
  if (kind == SSL_ERROR_WANT_READ) return Outcome::want_read;
  if (kind == SSL_ERROR_WANT_WRITE) return Outcome::want_write;
  if (kind == SSL_ERROR_ZERO_RETURN) return Outcome::ended;
  broken_ = true;
  long verified = SSL_get_verify_result(ssl_);
  failure_ = take_openssl_errors();
  if (!established_ && verified != X509_V_OK) failure_ = X509_verify_cert_error_string(verified);
  if (failure_.empty()) failure_ = system_error != 0 ? std::system_category().message(system_error) : "unexpected end";
  return Outcome::failed;
}

TlsSession::Outcome TlsSession::handshake() {
  ERR_clear_error();
  errno = 0;
  Outcome outcome = outcome_of(SSL_do_handshake(ssl_));
  established_ = outcome == Outcome::done;
  return outcome;
}

TlsSession::Outcome TlsSession::read(MutableBytes into, size_t& count) {
  count = 0;
  if (broken_) return Outcome::failed;
  while (count < into.size()) {  // a read gives one record at most: take all that have come
    ERR_clear_error();
    errno = 0;
    size_t got = 0;
    int result = SSL_read_ex(ssl_, into.data() + count, into.size() - count, &got);
    if (result != 1) {
      if (count > 0 && SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ) return Outcome::done;
      Outcome outcome = outcome_of(result);
      return count > 0 ? Outcome::done : outcome;  // an end or a failure shows again at the next call
    }
    count += got;
    if (SSL_has_pending(ssl_) == 0 && BIO_ctrl_pending(SSL_get_rbio(ssl_)) == 0) break;
  }
  return Outcome::done;
}

TlsSession::Outcome TlsSession::write(ByteView bytes) {
  if (broken_) return Outcome::failed;
  ERR_clear_error();
  errno = 0;
  size_t written = 0;
  return outcome_of(SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written));
}

TlsSession::Outcome TlsSession::flush() {
  if (broken_) return Outcome::failed;
  errno = 0;
  BIO* output = SSL_get_wbio(ssl_);
  if (BIO_flush(output) > 0) return Outcome::done;
  if (BIO_should_retry(output)) return Outcome::want_write;
  broken_ = true;
  failure_ = errno != 0 ? std::system_category().message(errno) : "the connection cannot be written to";
  return Outcome::failed;
}

void TlsSession::say_goodbye() {
  if (broken_ || !established_) return;
  ERR_clear_error();
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

Result<PeerIdentity> TlsSession::peer() const {
  OpensslCertificate node(SSL_get1_peer_certificate(ssl_));
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl_);  // of a server with, of a client without the node's own
  if (!node || chain == nullptr || sk_X509_num(chain) == 0) {
    return fail(ErrorCode::unauthenticated, "the other side has shown no certificate");
  }
  X509* root = sk_X509_value(chain, sk_X509_num(chain) - 1);
  return PeerIdentity{fingerprint(root), common_name(node.get())};
}

}  // namespace distributary
