// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/exports.h"

#include "component/validator.h"
#include "support/wat.h"

#include <gtest/gtest.h>

namespace vitrine::core::component::test {
namespace {

using core::test::wasm_of;

/// The registry must live as long as what it loads.
core::TypeRegistry& registry()
{
    static const auto types = std::make_unique<core::TypeRegistry>();
    return *types;
}

std::shared_ptr<const Component> valid(std::string_view wat)
{
    const auto file = std::make_shared<const FileBytes>(wasm_of(wat));
    auto loaded = load_component(file, file->bytes(), registry());
    EXPECT_TRUE(loaded) << loaded.error().to_text() << "\n" << wat;
    return loaded ? *loaded : nullptr;
}

TEST(ExportedFuncs, AreFoundByShortNamesThatAreUnique)
{
    const auto component = valid(R"((component
        (import "f" (func $f))
        (instance $ops (export "greet" (func $f)) (export "both" (func $f)) (export "same" (func $f)))
        (instance $more (export "both" (func $f)) (export "more" (func $f)))
        (export "test:calc/ops@0.1.0" (instance $ops))
        (export "test:calc/more@0.1.0" (instance $more))
        (export "test:calc/more@1.2.0-rc.1" (instance $more))
        (export "local" (instance $more))
        (export "same" (func $f))
        (instance $run (export "run" (func $f)))
        (export "wasi:cli/run@0.2.3" (instance $run))))");
    const auto found = [&](std::string_view name) {
        const auto func = find_exported_func(*component, name);
        return func ? func->to_text() : "error: " + func.error().message;
    };
    EXPECT_EQ(found("greet"), "test:calc/ops@0.1.0#greet");
    EXPECT_EQ(found("ops.greet"), "test:calc/ops@0.1.0#greet");
    EXPECT_EQ(found("test:calc/ops#greet"), "test:calc/ops@0.1.0#greet");
    EXPECT_EQ(found("test:calc/ops@0.1.0#greet"), "test:calc/ops@0.1.0#greet");
    EXPECT_EQ(found("test:calc/more@1.2.0-rc.1#both"), "test:calc/more@1.2.0-rc.1#both");
    EXPECT_EQ(found("local.both"), "local#both");
    EXPECT_EQ(found("local#both"), "local#both");
    EXPECT_EQ(found("same"), "same") << "the component's own function is preferred";
    EXPECT_EQ(found("ops.same"), "test:calc/ops@0.1.0#same");
    EXPECT_EQ(found("both"),
        "error: more than one function has this name: test:calc/ops@0.1.0#both, test:calc/more@0.1.0#both, "
        "test:calc/more@1.2.0-rc.1#both and local#both");
    EXPECT_EQ(found("test:calc/more#both"),
        "error: more than one function has this name: test:calc/more@0.1.0#both and "
        "test:calc/more@1.2.0-rc.1#both");
    for (const char* name : { "", "gree", "ops.", ".greet", "ops.both.x", "test:calc/ops@0.2.0#greet",
             "#greet", "calc.greet", "local", "f", ".same", "#same" })
        EXPECT_EQ(found(name),
            "error: no such function is exported; exported functions: same, test:calc/ops@0.1.0#greet, "
            "test:calc/ops@0.1.0#both, test:calc/ops@0.1.0#same, test:calc/more@0.1.0#both, "
            "test:calc/more@0.1.0#more, test:calc/more@1.2.0-rc.1#both, test:calc/more@1.2.0-rc.1#more, "
            "local#both, local#more, wasi:cli/run@0.2.3#run")
            << name;
    EXPECT_EQ(find_command(*component)->to_text(), "wasi:cli/run@0.2.3#run");
}

TEST(ExportedFuncs, TheEntryPointOfACommand)
{
    const auto command = [](std::string_view interface, std::string_view name) {
        const auto component =
            valid("(component (import \"f\" (func $f)) (instance $i (export \"" + std::string(name)
                + "\" (func $f))) (export \"" + std::string(interface) + "\" (instance $i)))");
        const auto found = find_command(*component);
        return found ? found->to_text() : "";
    };
    EXPECT_EQ(command("wasi:cli/run@0.2.0", "run"), "wasi:cli/run@0.2.0#run");
    EXPECT_EQ(command("wasi:cli/run@0.2.12", "run"), "wasi:cli/run@0.2.12#run");
    EXPECT_EQ(command("wasi:cli/run@0.3.0", "run"), "");
    EXPECT_EQ(command("wasi:cli/run", "run"), "");
    EXPECT_EQ(command("wasi:cli/run@0.2.0", "start"), "");
}

TEST(ExportedFuncs, None)
{
    const auto component = valid("(component)");
    EXPECT_EQ(find_exported_func(*component, "f").error().message,
        "no such function is exported; exported functions: none");
    EXPECT_FALSE(find_command(*component));
}

} // namespace
} // namespace vitrine::core::component::test
