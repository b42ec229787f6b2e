#include "tests/support/test_certificates.hpp"

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <vector>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

namespace stellwerk::test {
namespace {

using key_ptr = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using certificate_ptr = std::unique_ptr<X509, void (*)(X509*)>;
using file_ptr = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

file_ptr open_file(const std::string& path, const char* mode) {
  file_ptr file{std::fopen(path.c_str(), mode), &std::fclose};
  if (!file) throw std::runtime_error{"cannot open " + path};
  return file;
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, void (*)(X509_EXTENSION*)> extension{
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()), X509_EXTENSION_free};
  if (!extension) throw std::runtime_error{"cannot make the extension " + value};
  X509_add_ext(certificate, extension.get(), -1);
}

certificate_ptr start_certificate(EVP_PKEY* key, const certificate_wish& wish) {
  certificate_ptr made{X509_new(), X509_free};
  X509_set_version(made.get(), X509_VERSION_3);
  unsigned serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), wish.valid_from);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), wish.valid_until);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1, -1, 0);
  X509_set_pubkey(made.get(), key);
  return made;
}

certificate_files save(const std::filesystem::path& directory, const std::string& name, X509* certificate,
                       EVP_PKEY* key) {
  certificate_files files;
  files.certificate = directory / (name + ".pem");
  files.key = directory / (name + ".key");
  PEM_write_X509(open_file(files.certificate, "w").get(), certificate);
  PEM_write_PrivateKey(open_file(files.key, "w").get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return files;
}

}  // namespace

test_certificates::test_certificates() {
  std::string pattern = (std::filesystem::temp_directory_path() / "stellwerk-certificates-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"cannot make " + pattern};
  directory_ = pattern;
  const key_ptr key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  certificate_wish wish;
  wish.common_name = "Test Authority";
  const certificate_ptr own = start_certificate(key.get(), wish);
  X509_set_issuer_name(own.get(), X509_get_subject_name(own.get()));
  add_extension(own.get(), own.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(own.get(), own.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  X509_sign(own.get(), key.get(), EVP_sha256());
  ca_ = save(directory_, "ca", own.get(), key.get());
}

test_certificates::~test_certificates() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

certificate_files test_certificates::issue(const std::string& name, const certificate_wish& wish) const {
  const certificate_ptr authority{PEM_read_X509(open_file(ca_.certificate, "r").get(), nullptr, nullptr, nullptr),
                                  X509_free};
  const key_ptr authority_key{PEM_read_PrivateKey(open_file(ca_.key, "r").get(), nullptr, nullptr, nullptr),
                              EVP_PKEY_free};
  const key_ptr key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  const certificate_ptr made = start_certificate(key.get(), wish);
  X509_set_issuer_name(made.get(), X509_get_subject_name(authority.get()));
  std::string names;
  if (!wish.dns_name.empty()) names += "DNS:" + wish.dns_name;
  if (!wish.ip_address.empty()) names += (names.empty() ? "IP:" : ",IP:") + wish.ip_address;
  if (!names.empty()) add_extension(made.get(), authority.get(), NID_subject_alt_name, names);
  X509_sign(made.get(), authority_key.get(), EVP_sha256());
  return save(directory_, name, made.get(), key.get());
}

}  // namespace stellwerk::test
