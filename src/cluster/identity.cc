#include "cluster/identity.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>

#include "cluster/small_file.h"

namespace distributary {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;

Error openssl_error(std::string_view what) {
  char text[256] = "unknown error";
  if (unsigned long code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return Error{ErrorCode::io, std::string(what) + ": " + text};
}

std::string contents(BIO* bio) {
  char* data = nullptr;
  long length = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(length));
}

Result<std::string> to_pem(EVP_PKEY* key) {
  Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || !PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr)) {
    return fail(openssl_error("cannot write the private key"));
  }
  return contents(bio.get());
}

Result<std::string> to_pem(X509* certificate) {
  Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || !PEM_write_bio_X509(bio.get(), certificate)) return fail(openssl_error("cannot write the certificate"));
  return contents(bio.get());
}

struct CertificateFields {
  std::string organization;  // the cluster
  std::string common_name;
  int years = 1;
  bool authority = false;
  WallMillis now = 0;
};

bool set_name(X509_NAME* name, const CertificateFields& fields) {
  auto add = [&](const char* key, const std::string& value) {
    std::string cut = value.substr(0, 64);  // the standard's limit for both fields
    return X509_NAME_add_entry_by_txt(name, key, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(cut.data()),
                                      static_cast<int>(cut.size()), -1, 0);
  };
  return add("O", fields.organization) && add("CN", fields.common_name);
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension && X509_add_ext(certificate, extension.get(), -1);
}

bool set_serial(X509* certificate) {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
  bytes[0] &= 0x7f;
  std::unique_ptr<BIGNUM, Freer<BN_free>> number(BN_bin2bn(bytes, sizeof bytes, nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate));
}

// An hour of grace for clocks that are behind.
bool set_times(X509* certificate, const CertificateFields& fields) {
  time_t begin = static_cast<time_t>(fields.now / 1000) - 3600;
  return X509_time_adj_ex(X509_getm_notBefore(certificate), 0, 0, &begin) &&
         X509_time_adj_ex(X509_getm_notAfter(certificate), 365 * fields.years, 0, &begin);
}

// `issuer` null: signs itself.
Result<Certificate> make_certificate(const CertificateFields& fields, EVP_PKEY* key, X509* issuer,
                                     EVP_PKEY* issuer_key) {
  Certificate certificate(X509_new());
  X509* made = certificate.get();
  X509* signer = issuer ? issuer : made;
  bool ok =
      made && X509_set_version(made, 2) && set_serial(made) && set_times(made, fields) && X509_set_pubkey(made, key) &&
      set_name(X509_get_subject_name(made), fields) && X509_set_issuer_name(made, X509_get_subject_name(signer)) &&
      add_extension(made, signer, NID_basic_constraints, fields.authority ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
      add_extension(made, signer, NID_key_usage,
                    fields.authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") &&
      add_extension(made, signer, NID_subject_key_identifier, "hash");
  if (ok && !fields.authority) ok = add_extension(made, signer, NID_ext_key_usage, "serverAuth,clientAuth");
  if (!ok || !X509_sign(made, issuer_key, EVP_sha256())) return fail(openssl_error("cannot make a certificate"));
  return certificate;
}

Result<Key> new_key() {
  Key key(EVP_EC_gen("P-256"));
  if (!key) return fail(openssl_error("cannot make a key"));
  return key;
}

Result<Certificate> last_certificate(std::string_view pem) {
  Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Certificate last;
  while (bio) {
    Certificate next(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!next) break;
    last = std::move(next);
  }
  ERR_clear_error();
  if (!last) return fail(ErrorCode::corrupt, "no certificate in PEM form");
  return last;
}

Result<Key> read_key(const std::string& pem) {
  Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!key) return fail(openssl_error("no private key in PEM form"));
  return key;
}

}  // namespace

Result<RootIdentity> make_root(const std::string& cluster, WallMillis now) {
  TRY(Key key, new_key());
  CertificateFields fields{
      .organization = cluster, .common_name = "distributary root", .years = kRootYears, .authority = true, .now = now};
  TRY(Certificate certificate, make_certificate(fields, key.get(), nullptr, key.get()));
  RootIdentity root;
  TRY(root.key_pem, to_pem(key.get()));
  TRY(root.certificate_pem, to_pem(certificate.get()));
  return root;
}

Result<TlsIdentity> make_node(const RootIdentity& root, const std::string& cluster, const std::string& node,
                              WallMillis now) {
  TRY(Certificate issuer, last_certificate(root.certificate_pem));
  TRY(Key issuer_key, read_key(root.key_pem));
  TRY(Key key, new_key());
  CertificateFields fields{
      .organization = cluster, .common_name = node, .years = kNodeYears, .authority = false, .now = now};
  TRY(Certificate certificate, make_certificate(fields, key.get(), issuer.get(), issuer_key.get()));
  TlsIdentity identity;
  TRY(identity.chain_pem, to_pem(certificate.get()));
  identity.chain_pem += root.certificate_pem;
  TRY(identity.key_pem, to_pem(key.get()));
  return identity;
}

Result<std::string> root_fingerprint(std::string_view pem) {
  TRY(Certificate certificate, last_certificate(pem));
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (!X509_digest(certificate.get(), EVP_sha256(), digest, &length))
    return fail(openssl_error("cannot hash the certificate"));
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) {
    hex.push_back("0123456789abcdef"[digest[i] >> 4]);
    hex.push_back("0123456789abcdef"[digest[i] & 15]);
  }
  return hex;
}

Result<Uuid> cluster_id(std::string_view fingerprint) {
  if (fingerprint.size() != 64) return fail(ErrorCode::invalid_argument, "a fingerprint has 64 hex digits");
  std::string text(fingerprint.substr(0, 32));
  text[12] = '8';                                          // version 8: our own derivation
  text[16] = "89ab"[static_cast<unsigned>(text[16]) & 3];  // the variant bits
  for (size_t dash : {20u, 16u, 12u, 8u}) text.insert(dash, "-");
  return parse_uuid(text);
}

Task<Status> save_identity(FileSystem& files, std::string directory, RootIdentity root, TlsIdentity node) {
  CO_TRY_STATUS(co_await files.make_directories(directory));
  struct Part {
    const char* name;
    const std::string& text;
  };
  // The certificate that is loaded first comes last: half a directory is not an identity.
  const Part parts[] = {{"root.key", root.key_pem},
                        {"root.pem", root.certificate_pem},
                        {"node.key", node.key_pem},
                        {"node.pem", node.chain_pem}};
  for (const Part& part : parts) {
    std::string path = directory + "/" + part.name;
    std::string text = part.text;
    CO_TRY_STATUS(co_await write_new_file(files, path, text));
  }
  co_return co_await files.sync_directory(directory);
}

Task<Result<TlsIdentity>> load_identity(FileSystem& files, std::string directory) {
  TlsIdentity identity;
  std::string chain_path = directory + "/node.pem";
  auto chain = co_await read_small_file(files, chain_path, kIdentityFileBytesMax);
  if (!chain && chain.error().code == ErrorCode::not_found) {
    co_return fail(ErrorCode::not_found, "no identity in " + directory + "; make one with `distributary init`");
  }
  if (!chain) co_return fail(chain.error());
  identity.chain_pem = std::move(*chain);
  std::string key_path = directory + "/node.key";
  CO_TRY(identity.key_pem, co_await read_small_file(files, key_path, kIdentityFileBytesMax));
  auto readable = read_key(identity.key_pem);
  if (!readable) co_return fail(readable.error().context(key_path));
  auto fingerprint = root_fingerprint(identity.chain_pem);
  if (!fingerprint) co_return fail(fingerprint.error().context(chain_path));
  co_return identity;
}

}  // namespace distributary
