// The server around the service: health, reflection, drain, TLS with renewal, addresses.
#include "gateway/ingress/grpc/grpc_server.hpp"

#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>

#include <future>

#include "tests/support/test_certificates.hpp"
#include "tests/unit/gateway/ingress_grpc/grpc_fixture.hpp"

namespace stellwerk::ingress::grpc {
namespace {

namespace v1 = stellwerk::v1;

class server_door : public grpc_fixture {
 protected:
  // grpc.health.v1.HealthCheckRequest{service = 1}, HealthCheckResponse{status = 1}: by their public field numbers.
  std::pair<::grpc::Status, std::string> health(const std::string& service) {
    std::string bytes;
    if (!service.empty()) bytes = std::string{"\x0a"} + static_cast<char>(service.size()) + service;
    return call("/grpc.health.v1.Health/Check", bytes);
  }
  std::pair<::grpc::Status, std::string> call(const std::string& method, const std::string& bytes) {
    ::grpc::GenericStub stub{channel_};
    ::grpc::ClientContext context;
    limit(context);
    const ::grpc::Slice slice{bytes};
    const ::grpc::ByteBuffer request{&slice, 1};
    ::grpc::ByteBuffer answer;
    std::promise<::grpc::Status> done;
    stub.UnaryCall(&context, method, {}, &request, &answer,
                   [&](::grpc::Status status) { done.set_value(std::move(status)); });
    ::grpc::Status status = done.get_future().get();
    std::vector<::grpc::Slice> slices;
    std::string text;
    if (status.ok() && answer.Dump(&slices).ok()) {
      for (const ::grpc::Slice& one : slices) text.append(reinterpret_cast<const char*>(one.begin()), one.size());
    }
    return {std::move(status), text};
  }
};

const std::string serving{"\x08\x01"};

TEST_F(server_door, health_serves_the_whole_and_the_service) {
  start();
  EXPECT_EQ(health("").second, serving);
  EXPECT_EQ(health("stellwerk.v1.SubmissionService").second, serving);
  EXPECT_EQ(health("stellwerk.v1.Nothing").first.error_code(), ::grpc::NOT_FOUND);
}

TEST_F(server_door, a_drain_finishes_what_has_begun_and_takes_nothing_new) {
  admission_.hold = true;
  start();
  auto under_way = std::async(std::launch::async, [&] { return submit(small_submission()); });
  ASSERT_TRUE(admission_.wait_for_seen(1));
  std::jthread drainer{[&] { server_->drain(clock_.steady() + std::chrono::seconds{15}); }};
  while (health("").second == serving) {
  }
  const auto later = submit(small_submission());
  EXPECT_EQ(later.error_code(), ::grpc::UNAVAILABLE);
  admission_.release_all();
  EXPECT_TRUE(under_way.get().ok());
}

TEST_F(server_door, pressure_that_drains_refuses_with_its_reason) {
  start();
  pressure_.start_draining();
  const auto status = submit(small_submission());
  EXPECT_EQ(status.error_code(), ::grpc::UNAVAILABLE);
  EXPECT_EQ(reason_of(status), "DRAINING");
}

TEST_F(server_door, a_drain_ends_an_idle_stream_that_the_client_keeps_open) {
  start();
  ::grpc::ClientContext context;
  authorize(context);
  const auto stream = stub_->SubmitStream(&context);
  v1::SubmitStreamRequest request;
  *request.mutable_submission() = small_submission();
  ASSERT_TRUE(stream->Write(request));
  v1::SubmitStreamResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  const auto before = clock_.steady();
  server_->drain(before + std::chrono::seconds{15});
  EXPECT_LT(clock_.steady() - before, std::chrono::seconds{10});
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_EQ(stream->Finish().error_code(), ::grpc::UNAVAILABLE);
}

TEST_F(server_door, stopping_twice_and_draining_after_it_is_harmless) {
  start();
  server_->stop();
  server_->stop();
  server_->drain(clock_.steady());
}

TEST_F(server_door, an_address_in_use_is_told) {
  start();
  grpc_services services{{}, store_, readers_, *settings_, {}, pressure_, clock_, null_logger(), metrics_};
  grpc_server second{std::move(services)};
  grpc_config config = config_;
  config.address = address_.to_string();
  const auto started = second.start(config);
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message(), testing::HasSubstr("grpc.listen"));
}

TEST_F(server_door, reflection_lists_the_service) {
  start();
  ::grpc::GenericStub stub{channel_};
  const auto [status, bytes] = call("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "\x3a\x01*");
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(bytes, testing::HasSubstr("stellwerk.v1.SubmissionService"));
}

class tls_door : public server_door {
 protected:
  void use_tls(const test::certificate_files& files) {
    config_.certificate = files.certificate;
    config_.key = files.key;
    config_.client_ca = certificates_.ca_file();
  }
  static std::string text_of(const std::string& path) {
    std::ifstream in{path};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  std::shared_ptr<::grpc::ChannelCredentials> client_credentials() override {
    ::grpc::SslCredentialsOptions options;
    options.pem_root_certs = text_of(certificates_.ca_file());
    if (!client_name_.empty()) {
      test::certificate_wish wish;
      wish.common_name = client_name_;
      wish.dns_name = client_name_;
      const auto files = certificates_.issue("client-" + client_name_, wish);
      options.pem_cert_chain = text_of(files.certificate);
      options.pem_private_key = text_of(files.key);
    }
    return ::grpc::SslCredentials(options);
  }
  // A connection of its own: what the server shows now.
  ::grpc::Status submit_anew() {
    ::grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = ::grpc::CreateCustomChannel(address_.to_string(), client_credentials(), arguments);
    stub_ = v1::SubmissionService::NewStub(channel_);
    return submit(small_submission());
  }

  test::test_certificates certificates_;
  std::string client_name_;
};

TEST_F(tls_door, a_token_serves_without_a_client_certificate) {
  use_tls(certificates_.issue("server", {}));
  start();
  const auto status = submit(small_submission());
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(tls_door, a_client_certificate_names_the_client) {
  use_tls(certificates_.issue("server", {}));
  client_name_ = "crm.internal";
  start();
  const auto status = submit(small_submission(), nullptr, "");
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(admission_.clients(), testing::ElementsAre("crm"));
}

TEST_F(tls_door, a_certificate_of_nobody_is_unauthenticated) {
  use_tls(certificates_.issue("server", {}));
  client_name_ = "stranger.internal";
  start();
  EXPECT_EQ(submit(small_submission(), nullptr, "").error_code(), ::grpc::UNAUTHENTICATED);
}

TEST_F(tls_door, an_expired_certificate_does_not_start) {
  test::certificate_wish wish;
  wish.valid_from = -7200;
  wish.valid_until = -3600;
  use_tls(certificates_.issue("server", wish));
  publish_settings({});
  grpc_services services{{}, store_, readers_, *settings_, {}, pressure_, clock_, null_logger(), metrics_};
  grpc_server server{std::move(services)};
  EXPECT_FALSE(server.start(config_));
}

TEST_F(tls_door, broken_files_leave_the_old_certificate_in_use) {
  use_tls(certificates_.issue("server", {}));
  start();
  std::ofstream{config_.certificate} << "garbage";
  EXPECT_FALSE(server_->reload_certificates());
  const auto status = submit_anew();
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(tls_door, renewed_files_are_shown_to_new_connections) {
  use_tls(certificates_.issue("server", {}));
  start();
  // The name no longer fits: the client tells the new certificate from the old one by refusing it.
  test::certificate_wish other;
  other.common_name = "other.example";
  other.dns_name = "other.example";
  other.ip_address = "192.0.2.1";
  const auto renewed = certificates_.issue("renewed", other);
  std::filesystem::copy_file(renewed.certificate, config_.certificate,
                             std::filesystem::copy_options::overwrite_existing);
  std::filesystem::copy_file(renewed.key, config_.key, std::filesystem::copy_options::overwrite_existing);
  EXPECT_TRUE(submit_anew().ok()) << "not before the reload";
  ASSERT_TRUE(server_->reload_certificates());
  EXPECT_EQ(submit_anew().error_code(), ::grpc::UNAVAILABLE);
}

}  // namespace
}  // namespace stellwerk::ingress::grpc
