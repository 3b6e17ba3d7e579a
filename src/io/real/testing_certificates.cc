#include "io/real/testing_certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "io/real/openssl_handles.h"

namespace distributary {

namespace {

std::string text_of(BIO* bio) {
  char* data = nullptr;
  long length = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(length));
}

std::string pem_of(X509* certificate) {
  OpensslBio bio(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return text_of(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
  OpensslBio bio(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(bio.get());
}

void add_extension(X509* certificate, int nid, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
  CHECK(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

OpensslCertificate make(const std::string& name, X509* issuer, EVP_PKEY* key, const TestingRoot::Options& options) {
  static long serial = 0;
  OpensslCertificate made(X509_new());
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), options.valid_from_seconds);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), options.valid_to_seconds);
  X509_NAME* subject = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(made.get(), issuer != nullptr ? X509_get_subject_name(issuer) : subject);
  X509_set_pubkey(made.get(), key);
  bool root = issuer == nullptr;
  add_extension(made.get(), NID_basic_constraints, root ? "critical,CA:TRUE" : "critical,CA:FALSE");
  add_extension(made.get(), NID_key_usage, root ? "critical,keyCertSign" : "critical,digitalSignature");
  if (!root) add_extension(made.get(), NID_ext_key_usage, "serverAuth,clientAuth");
  return made;
}

OpensslKey make_key() { return OpensslKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

void sign(X509* certificate, EVP_PKEY* key) { CHECK(X509_sign(certificate, key, nullptr) > 0); }

}  // namespace

struct TestingRoot::Key {
  OpensslKey key = make_key();
  OpensslCertificate certificate;
};

TestingRoot::TestingRoot(const std::string& name) : key_(std::make_unique<Key>()) {
  key_->certificate = make(name, nullptr, key_->key.get(), Options{});
  sign(key_->certificate.get(), key_->key.get());
}

TestingRoot::~TestingRoot() = default;

TlsIdentity TestingRoot::issue(const Options& options) const {
  OpensslKey key = make_key();
  OpensslCertificate node = make(options.common_name, key_->certificate.get(), key.get(), options);
  sign(node.get(), options.signed_by_node_key ? key.get() : key_->key.get());
  std::string chain = pem_of(node.get());
  if (!options.without_root) chain += pem_of(key_->certificate.get());
  return {chain, pem_of(key.get())};
}

TlsIdentity TestingRoot::issue(const std::string& common_name) const {
  Options options;
  options.common_name = common_name;
  return issue(options);
}

TlsIdentity TestingRoot::root_as_node() const {
  std::string root = pem_of(key_->certificate.get());
  return {root + root, pem_of(key_->key.get())};
}

std::string TestingRoot::fingerprint() const {
  unsigned char digest[32];
  unsigned int length = 0;
  CHECK(X509_digest(key_->certificate.get(), EVP_sha256(), digest, &length) == 1);
  std::string text;
  char hex[3];
  for (unsigned char byte : digest) {
    std::snprintf(hex, sizeof hex, "%02x", byte);
    text += hex;
  }
  return text;
}

}  // namespace distributary
