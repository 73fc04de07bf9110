// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/component_names.h"

#include "component/decoder.h"
#include "support/module_builder.h"
#include "support/wat.h"

#include <gtest/gtest.h>

namespace vitrine::core::component::test {
namespace {

using core::test::ByteVector;
using core::test::hex_bytes;
using core::test::wasm_of;

std::unique_ptr<Component> decoded(const ByteVector& bytes)
{
    const auto file = std::make_shared<const FileBytes>(bytes);
    auto component = decode_component(file, file->bytes());
    EXPECT_TRUE(component) << (component ? "" : component.error().to_text());
    return component ? *std::move(component) : nullptr;
}

/// A component whose only section has the names with these bytes.
std::unique_ptr<Component> with_names(std::string_view hex)
{
    ByteVector bytes = hex_bytes("00 61 73 6d 0d 00 01 00 00");
    const ByteVector content = hex_bytes(hex);
    constexpr std::string_view name = "component-name";
    bytes.push_back(static_cast<uint8_t>(1 + name.size() + content.size()));
    bytes.push_back(static_cast<uint8_t>(name.size()));
    bytes.insert(bytes.end(), name.begin(), name.end());
    bytes.insert(bytes.end(), content.begin(), content.end());
    return decoded(bytes);
}

TEST(ComponentNames, EverySortHasNames)
{
    const auto component = decoded(wasm_of(R"((component $app
        (core module $main (func (export "f")) (table (export "t") 1 funcref) (memory (export "m") 1)
            (global (export "g") i32 (i32.const 0)) (tag (export "e")))
        (core module $libc)
        (core instance $instance (instantiate $main))
        (core instance (instantiate $libc))
        (core type $core-type (func))
        (alias core export $instance "f" (core func $f))
        (alias core export $instance "t" (core table $t))
        (alias core export $instance "m" (core memory $m))
        (alias core export $instance "g" (core global $g))
        (alias core export $instance "e" (core tag $e))
        (type $type (func))
        (func $func (type $type) (canon lift (core func $f)))
        (component $nested)
        (instance $made (instantiate $nested))
    ))"));
    const ComponentNames names = decode_component_names(*component);
    EXPECT_EQ(names.component, "app");
    const struct {
        Sort sort;
        uint32_t index;
        const char* name;
    } table[] = {
        { Sort::CoreModule, 0, "main" },
        { Sort::CoreModule, 1, "libc" },
        { Sort::CoreModule, 2, "" },
        { Sort::CoreInstance, 0, "instance" },
        { Sort::CoreInstance, 1, "" },
        { Sort::CoreType, 0, "core-type" },
        { Sort::CoreFunc, 0, "f" },
        { Sort::CoreTable, 0, "t" },
        { Sort::CoreMemory, 0, "m" },
        { Sort::CoreGlobal, 0, "g" },
        { Sort::CoreTag, 0, "e" },
        { Sort::Type, 0, "type" },
        { Sort::Func, 0, "func" },
        { Sort::Component, 0, "nested" },
        { Sort::Instance, 0, "made" },
        { Sort::Value, 0, "" },
    };
    for (const auto& row : table)
        EXPECT_EQ(names.find(row.sort, row.index), row.name)
            << static_cast<int>(row.sort) << " " << row.index;
}

TEST(ComponentNames, MalformedSubsectionsAreIgnored)
{
    // The component's name is "c"; core module 1 is "m".
    const std::string good = "00 02 01 63", module = "01 06 00 11 01 01 01 6d";
    const auto expect = [](const std::string& hex, std::string_view component, std::string_view name) {
        const auto named = with_names(hex);
        const ComponentNames names = decode_component_names(*named);
        EXPECT_EQ(names.component, component) << hex;
        EXPECT_EQ(names.find(Sort::CoreModule, 1), name) << hex;
    };
    expect(good + module, "c", "m");
    expect("", "", "");
    expect("00 02 05 63" + module, "", "m");                  // a name that is too long
    expect("00 02 01 ff" + module, "", "m");                  // not UTF-8
    expect(good + "01 06 00 11 02 01 01 6d", "c", "");        // too few names
    expect(good + "01 06 00 33 01 01 01 6d", "c", "");        // an unknown core sort
    expect(good + "01 05 09 01 01 01 6d" + module, "c", "m"); // an unknown sort
    expect("07 01 00" + module, "", "m");                     // an unknown subsection
    expect(good + "01 7f 00 11", "c", "");                    // beyond the section
    expect(good + "01 01 00", "c", "");
    expect(good + "01", "c", "");
    expect(good + "01 00" + module, "c", "m");
}

TEST(ComponentNames, NoSection)
{
    const auto component = decoded(hex_bytes("00 61 73 6d 0d 00 01 00"));
    const ComponentNames names = decode_component_names(*component);
    EXPECT_EQ(names.component, "");
    EXPECT_EQ(names.find(Sort::CoreInstance, 0), "");
}

} // namespace
} // namespace vitrine::core::component::test
