// Objects of OpenSSL that are freed when their owner goes.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

namespace distributary {

template <auto release>
struct OpensslRelease {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};
using OpensslBio = std::unique_ptr<BIO, OpensslRelease<BIO_free>>;
using OpensslCertificate = std::unique_ptr<X509, OpensslRelease<X509_free>>;
using OpensslKey = std::unique_ptr<EVP_PKEY, OpensslRelease<EVP_PKEY_free>>;

}  // namespace distributary
