// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/call.h"
#include "component/validator.h"
#include "support/wat.h"
#include "unit/wasi2/guest.h"

#include <map>
#include <set>

namespace vitrine::core::wasi2::test {
namespace {

std::shared_ptr<const component::Component> load(std::string_view wat, Engine& engine)
{
    auto file = std::make_shared<const FileBytes>(core::test::wasm_of(wat));
    auto loaded = component::load_component(file, file->bytes(), engine.types);
    EXPECT_TRUE(loaded.has_value()) << loaded.error().to_text();
    return *loaded;
}

/// Writes a text to standard output, by interfaces of several versions.
constexpr std::string_view printer = R"((component
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error-type))
  (import "wasi:io/streams@0.2.6" (instance $streams
    (alias outer 1 $error-type (type $e))
    (export "error" (type $error (eq $e)))
    (export "output-stream" (type $output (sub resource)))
    (type $stream-error (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $failure (eq $stream-error)))
    (export "[method]output-stream.blocking-write-and-flush" (func
      (param "self" (borrow $output)) (param "contents" (list u8)) (result (result (error $failure)))))))
  (alias export $streams "output-stream" (type $output))
  (import "wasi:cli/stdout@0.2.12" (instance $stdout
    (alias outer 1 $output (type $o))
    (export "output-stream" (type $stream (eq $o)))
    (export "get-stdout" (func (result (own $stream))))))
  (import "wasi:cli/exit@0.2.3" (instance $exit (export "exit" (func (param "status" (result))))))
  (core module $memory
    (memory (export "memory") 1)
    (data (i32.const 16) "printed")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $memory (instantiate $memory))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $get-stdout (canon lower (func $stdout "get-stdout")))
  (core func $exit-with (canon lower (func $exit "exit")))
  (core func $drop (canon resource.drop $output))
  (core module $main
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "host" "get-stdout" (func $get-stdout (result i32)))
    (import "host" "exit" (func $exit (param i32)))
    (import "host" "drop" (func $drop (param i32)))
    (import "host" "memory" (memory 1))
    (func (export "print") (result i32) (local $stream i32)
      (local.set $stream (call $get-stdout))
      (call $write (local.get $stream) (i32.const 16) (i32.const 7) (i32.const 0))
      (call $drop (local.get $stream))
      (i32.load8_u (i32.const 0)))
    (func (export "leave") (call $exit (i32.const 1))))
  (core instance $main (instantiate $main (with "host" (instance
    (export "write" (func $write)) (export "get-stdout" (func $get-stdout)) (export "exit" (func $exit-with))
    (export "drop" (func $drop)) (export "memory" (memory $memory "memory"))))))
  (func (export "print") (result u32) (canon lift (core func $main "print")))
  (func (export "leave") (canon lift (core func $main "leave")))
))";

TEST(Wasi2Linking, AComponentCallsInterfacesOfSeveralVersions)
{
    const auto engine = std::make_shared<Engine>();
    GuestStore guest(engine);
    component::Linker linker;
    ASSERT_TRUE(add_to(linker));
    const auto instance = linker.instantiate(guest.thread, load(printer, *engine));
    ASSERT_TRUE(instance.has_value());
    const auto call = [&](const char* name) {
        return component::call(guest.thread, *(*instance)->find_func(name), {});
    };
    std::string out;
    host::Config config;
    config.out = host::Sink([&](std::span<const std::byte> bytes) { out += text_of_bytes(bytes); });
    ASSERT_TRUE(attach(guest.store, std::move(config)));
    const auto printed = call("print");
    ASSERT_TRUE(printed.has_value()) << printed.error().to_text();
    EXPECT_EQ(0u, (*printed)->bits);
    EXPECT_EQ("printed", out);
    // A new configuration replaces the old one.
    ASSERT_TRUE(attach(guest.store, { .out = host::Sink([](std::span<const std::byte>) {}) }));
    EXPECT_TRUE(call("print").has_value());
    EXPECT_EQ("printed", out);
    const auto left = call("leave");
    ASSERT_FALSE(left.has_value());
    EXPECT_EQ(TrapKind::Exit, left.error().kind);
    EXPECT_EQ(1, left.error().exit_status);
}

TEST(Wasi2Linking, AStoreWithoutAWorldTraps)
{
    const auto engine = std::make_shared<Engine>();
    GuestStore guest(engine);
    component::Linker linker;
    ASSERT_TRUE(add_to(linker));
    const auto instance = linker.instantiate(guest.thread, load(printer, *engine));
    ASSERT_TRUE(instance.has_value());
    const auto printed = component::call(guest.thread, *(*instance)->find_func("print"), {});
    ASSERT_FALSE(printed.has_value());
    EXPECT_EQ("wasi:cli/stdout@0.2.12#get-stdout: the store has no configuration for WASI",
        printed.error().message);
}

TEST(Wasi2Linking, AWrongTypeIsAnErrorThatNamesIt)
{
    const auto engine = std::make_shared<Engine>();
    GuestStore guest(engine);
    component::Linker linker;
    ASSERT_TRUE(add_to(linker));
    const auto instance = linker.instantiate(guest.thread,
        load(R"((component (import "wasi:cli/exit@0.2.3" (instance
                (export "exit-with-code" (func (param "status-code" u32)))))))",
            *engine));
    ASSERT_FALSE(instance.has_value());
    const auto& error = std::get<Error>(instance.error());
    EXPECT_NE(error.message.find("`wasi:cli/exit@0.2.3#exit-with-code`: parameter `status-code`: the "
                                 "component has `u32`, the host function has `u8`"),
        std::string::npos)
        << error.message;
}

/// The numbers of WASI 0.2.12, without what is unstable in it.
TEST(Wasi2Linking, AllInterfacesAreThere)
{
    std::map<std::string, int> functions;
    std::set<const void*> resources;
    for (const Definition& definition : definitions()) {
        functions[definition.interface] += std::holds_alternative<HostFunction>(definition.item) ? 1 : 0;
        if (const auto* resource = std::get_if<HostResource>(&definition.item))
            resources.insert(resource->get());
    }
    int all = 0;
    for (const auto& [interface, count] : functions)
        all += count;
    EXPECT_EQ(29u, functions.size());
    EXPECT_EQ(175, all);
    EXPECT_EQ(25u, resources.size());
    EXPECT_EQ(29, functions["wasi:filesystem/types@0.2.12"]);
    EXPECT_EQ(15, functions["wasi:io/streams@0.2.12"]);
}

} // namespace
} // namespace vitrine::core::wasi2::test
