// Keys and certificates made for one test run, as PEM files in a directory that goes away with the object.
#pragma once

#include <filesystem>
#include <string>

namespace stellwerk::test {

struct certificate_wish {
  std::string common_name = "localhost";
  std::string dns_name = "localhost";  // subject alternative name; "" for none
  std::string ip_address = "127.0.0.1";
  long valid_from = -3600;  // seconds from now
  long valid_until = 3600;
};

struct certificate_files {
  std::string certificate;
  std::string key;
};

// One certificate authority; everything it issues verifies against `ca_file`.
class test_certificates {
 public:
  test_certificates();
  ~test_certificates();
  test_certificates(const test_certificates&) = delete;
  test_certificates& operator=(const test_certificates&) = delete;

  [[nodiscard]] const std::string& ca_file() const { return ca_.certificate; }
  [[nodiscard]] certificate_files issue(const std::string& name, const certificate_wish& wish) const;
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
  certificate_files ca_;
};

}  // namespace stellwerk::test
