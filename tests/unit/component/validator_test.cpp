// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/validator.h"

#include "component/decoder.h"
#include "support/module_builder.h"
#include "support/wat.h"

#include <gtest/gtest.h>

#include <set>

namespace vitrine::core::component::test {
namespace {

using core::test::ByteVector;
using core::test::hex_bytes;
using core::test::joined;
using core::test::section;
using core::test::wasm_of;

using Loaded = Result<std::shared_ptr<const Component>>;

/// The registry must live as long as what it loads.
core::TypeRegistry& registry()
{
    static const auto types = std::make_unique<core::TypeRegistry>();
    return *types;
}

Loaded load(const ByteVector& bytes, FeatureSet features = FeatureSet::all())
{
    const auto file = std::make_shared<const FileBytes>(bytes);
    return load_component(file, file->bytes(), registry(), features);
}

std::shared_ptr<const Component> valid(std::string_view wat)
{
    auto loaded = load(wasm_of(wat));
    EXPECT_TRUE(loaded) << loaded.error().to_text() << "\n" << wat;
    return loaded ? *loaded : nullptr;
}

/// The message of the error, or nothing.
std::string refusal(std::string_view wat, FeatureSet features = FeatureSet::all())
{
    const auto loaded = load(wasm_of(wat), features);
    return loaded ? "" : loaded.error().message;
}

ByteVector component_with(std::initializer_list<ByteVector> sections)
{
    ByteVector bytes = hex_bytes("00 61 73 6d 0d 00 01 00");
    for (const ByteVector& part : sections)
        bytes.insert(bytes.end(), part.begin(), part.end());
    return bytes;
}

// -- What is kept

TEST(ComponentDecoder, DefinitionsKeepTheOrderOfTheFile)
{
    const auto component = valid(R"((component
        (import "f" (func $f (param "a" string) (result u32)))
        (core module $m (memory (export "m") 1) (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable))
        (core instance $i (instantiate $m))
        (core func (canon lower (func $f) (memory (core memory $i "m"))))
        (export "g" (func $f))))");
    ASSERT_TRUE(component);
    std::vector<size_t> kinds;
    CodeOffset last = 0;
    for (const Definition& definition : component->definitions) {
        kinds.push_back(definition.def.index());
        EXPECT_GT(definition.offset, last);
        last = definition.offset;
    }
    // A type, an import, a module, a core instance, an alias, a canonical definition, an export.
    EXPECT_EQ(kinds, (std::vector<size_t> { 6, 8, 0, 1, 5, 7, 9 }));
    const auto& lower = std::get<CanonDef>(component->definitions[5].def);
    EXPECT_EQ(registry()[lower.core_type].func()->to_text(), "(param i32 i32) (result i32)");
    const ComponentType& type = component->types->component(component->type);
    EXPECT_EQ(type.imports.name(0), "f");
    EXPECT_EQ(type.exports.find("g")->kind, EntityKind::Func);
    EXPECT_EQ(component->types->canonical(type.exports.find("g")->type()),
        component->types->canonical(type.imports.find("f")->type()));
}

TEST(ComponentDecoder, CoreModulesHaveOffsetsOfTheirOwn)
{
    const ByteVector bytes = wasm_of(R"((component
        (core module (func (export "f") nop))
        (component (core module (func (export "f") nop)))))");
    const auto loaded = load(bytes);
    ASSERT_TRUE(loaded) << loaded.error().to_text();
    const Component& nested = *std::get<NestedComponentDef>((*loaded)->definitions.at(1).def).component;
    const auto& first = std::get<CoreModuleDef>((*loaded)->definitions.at(0).def).module;
    const auto& second = std::get<CoreModuleDef>(nested.definitions.at(0).def).module;
    EXPECT_EQ(first->bodies.at(0).code_offset, second->bodies.at(0).code_offset);
    for (const auto& module : { first, second }) {
        ASSERT_LT(module->file_offset() + 8, bytes.size());
        EXPECT_EQ(core::load<uint32_t>(&bytes[module->file_offset()]), 0x6d736100u);
    }
    EXPECT_GT(nested.file_offset(), first->file_offset());
    EXPECT_GT(second->file_offset(), nested.file_offset());
}

// -- Errors have offsets in the file

TEST(ComponentErrors, HaveTheOffsetInTheOutermostComponent)
{
    const auto offset_of = [](const ByteVector& bytes) { return load(bytes).error().offset; };
    // An invalid body in a module in a component in a component.
    const ByteVector module =
        hex_bytes("00 61 73 6d 01 00 00 00 01 04 01 60 00 00 03 02 01 00 0a 05 01 03 00 6a 0b");
    const ByteVector inner = component_with({ section(1, module) });
    EXPECT_EQ(offset_of(component_with({ section(4, inner) })), 8u + 2 + 8 + 2 + 23);
    // A type section whose item is malformed.
    EXPECT_EQ(offset_of(component_with({ section(4, component_with({ section(7, hex_bytes("01 62")) })) })),
        8u + 2 + 8 + 3);
    // An export of a function that does not exist.
    EXPECT_EQ(offset_of(component_with({ section(11, hex_bytes("01 00 01 61 01 00 00")) })), 8u + 3);
}

TEST(ComponentErrors, NestingIsLimited)
{
    ByteVector bytes = component_with({});
    for (uint32_t i = 1; i < limits::nesting; ++i)
        bytes = component_with({ section(4, bytes) });
    EXPECT_TRUE(load(bytes));
    const auto deeper = load(component_with({ section(4, bytes) }));
    ASSERT_FALSE(deeper);
    EXPECT_EQ(deeper.error().message, "components are nested too deeply: the limit is 100");
    // Instance types: 0x42 with one declaration, which is a type.
    ByteVector type = hex_bytes("42 00");
    for (uint32_t i = 1; i < limits::nesting; ++i)
        type = joined({ hex_bytes("42 01 01"), type });
    EXPECT_TRUE(load(component_with({ section(7, joined({ hex_bytes("01"), type })) })));
    type = joined({ hex_bytes("42 01 01"), type });
    EXPECT_FALSE(load(component_with({ section(7, joined({ hex_bytes("01"), type })) })));
}

TEST(ComponentErrors, OtherBinariesAreRefused)
{
    const auto message = [](std::string_view digits) { return load(hex_bytes(digits)).error().message; };
    EXPECT_EQ(
        message("00 61 73 6d 01 00 00 00"), "unknown binary version: this is a core module, not a component");
    EXPECT_EQ(message("00 61 73 6d 0e 00 01 00"), "unknown binary version of a component");
    EXPECT_EQ(message("00 61 73 6d 0d 00 01 00 09 00"),
        "component model values and start functions are not supported");
    EXPECT_TRUE(is_component(hex_bytes("00 61 73 6d 0e 00 01 00")));
    EXPECT_FALSE(is_component(hex_bytes("00 61 73 6d 01 00 00 00")));
    EXPECT_FALSE(is_component(hex_bytes("00 61 73 6d 0d 00 01")));
}

// -- Rules

TEST(ComponentRules, ResourcesOfTwoInstancesDiffer)
{
    constexpr std::string_view maker = R"(
        (component $maker
            (type $r' (resource (rep i32)))
            (export $r "r" (type $r'))
            (core module $m (func (export "f") (param i32)))
            (core instance $i (instantiate $m))
            (func (export "drop") (param "x" (own $r)) (canon lift (core func $i "f"))))
        (component $user
            (import "r" (type $r (sub resource)))
            (import "drop" (func (param "x" (own $r)))))
        (instance $a (instantiate $maker))
        (instance $b (instantiate $maker))
    )";
    const auto with = [&](std::string_view type, std::string_view func) {
        return "(component " + std::string(maker) + "(instance (instantiate $user (with \"r\" (type "
            + std::string(type) + " \"r\")) (with \"drop\" (func " + std::string(func) + " \"drop\")))))";
    };
    EXPECT_EQ(refusal(with("$a", "$a")), "");
    EXPECT_EQ(refusal(with("$b", "$b")), "");
    EXPECT_EQ(refusal(with("$a", "$b")),
        "type mismatch for import `drop`: type mismatch in function parameter `x`: resource types are not "
        "the same");
}

TEST(ComponentRules, ImportsOfOneInstanceTypeHaveDifferentResources)
{
    constexpr std::string_view imports = R"((component
        (type $t (instance (export "r" (type (sub resource)))))
        (import "a" (instance $a (type $t)))
        (import "b" (instance $b (type $t)))
        (component $c (import "r" (type $r (sub resource))) (import "i" (instance (export "r" (type (eq $r))))))
    )";
    const auto with = [&](std::string_view name) {
        return std::string(imports)
            + "(instance (instantiate $c (with \"r\" (type $a \"r\")) (with \"i\" (instance "
            + std::string(name) + ")))))";
    };
    EXPECT_EQ(refusal(with("$a")), "");
    EXPECT_NE(refusal(with("$b")).find("resource types are not the same"), std::string::npos);
}

TEST(ComponentRules, WhatComponentsMayDo)
{
    for (const char* wat : {
             // Aliases of types, modules and components of the scopes around.
             R"((component $c (core module $m) (type $t string) (component $n)
                 (component (alias outer $c $m (core module $x)) (alias outer $c $t (type $y))
                     (alias outer $c $n (component $z)) (core instance (instantiate $x)))))",
             // Core types refer to each other, across scopes too.
             R"((component $c (core type $f (func (param i32)))
                 (core type (module (alias outer $c $f (type $g)) (import "a" "b" (func (type $g)))))))",
             R"((component (core rec (type $a (struct (field (ref null $b))))
                                    (type $b (sub (func (param (ref $a))))))))",
             R"((component (core type $s (sub (struct))) (core type (sub $s (struct (field i32))))))",
             // A component may need less, and export more, than is asked for.
             R"((component
                 (import "c" (component $c (export "a" (func)) (export "b" (func))))
                 (component $d (import "c" (component (import "x" (func)) (export "a" (func)))))
                 (instance (instantiate $d (with "c" (component $c))))))",
             // Asynchronous functions and some of their built-ins.
             R"((component
                 (core module $m (memory (export "m") 1)
                     (func (export "f") (param i32) (result i32) unreachable)
                     (func (export "c") (param i32 i32 i32) (result i32) unreachable))
                 (core instance $i (instantiate $m))
                 (alias core export $i "f" (core func $f))
                 (alias core export $i "c" (core func $c))
                 (alias core export $i "m" (core memory $mem))
                 (type $t (func async (param "s" (stream u8)) (result u8)))
                 (func (export "g") (type $t) (canon lift (core func $f) async (callback (core func $c))))
                 (core func (canon task.return (result u8)))
                 (core func (canon waitable-set.wait (memory (core memory $mem))))
                 (type $s (stream u8))
                 (core func (canon stream.read $s async (memory (core memory $mem))))))",
             R"((component (import "a:b/c@1.2.3" (instance)) (import "a:b/c@1.2.4" (instance))))",
         })
        EXPECT_EQ(refusal(wat), "") << wat;
}

TEST(ComponentRules, WhatComponentsMayNotDo)
{
    const struct {
        const char* wat;
        const char* message;
    } table[] = {
        { "(component (type (list 5)))", "unknown type 5: type index out of bounds" },
        { "(component $c (type $r (resource (rep i32))) (component (alias outer $c $r (type $x))))",
            "cannot alias outer type which transitively refers to resources not defined in the current "
            "component" },
        { "(component (type $r (resource (rep i64))))", "resources represented by `i64` are not supported" },
        { "(component (type (map f32 u8)))", "map keys must be integers, `bool`, `char` or `string`" },
        { "(component (import \"r\" (type $r (sub resource))) (type (stream (borrow $r))))",
            "stream element cannot contain a `borrow` type" },
        { "(component (core type $s (struct)) (core type (module (import \"a\" \"b\" (func (type 0))))))",
            "unknown type 0" },
        { "(component (core type (module)) (core type (func (param (ref 0)))))",
            "type index 0 is a module type, not a sub type" },
        { "(component (core type $s (sub (struct (field i32)))) (core type (sub $s (struct))))",
            "sub type 1 does not match super type 0" },
        { "(component (core func (canon context.get i32 2)))",
            "`context.get` immediate must be zero or one: 2" },
        { "(component (import \"a\" (func $f (param \"x\" string))) (core func (canon lower (func $f))))",
            "canonical option `memory` is required" },
        { "(component (type $r (record (field \"x\" u8))) (import \"f\" (func (param \"r\" $r))))",
            "func not valid to be used as import" },
        { "(component (import \"a\" (instance)) (import \"A\" (instance)))",
            "import name `A` conflicts with previous name `a`" },
    };
    for (const auto& row : table)
        EXPECT_EQ(refusal(row.wat), row.message) << row.wat;
}

/// A version suffix completes the version of an interface name. There is no text for it.
TEST(ComponentRules, VersionSuffixes)
{
    const auto with = [](std::string_view name, std::string_view suffix,
                          FeatureSet features = FeatureSet::all()) {
        ByteWriter import;
        import.append(hex_bytes("01 02"));
        import.name(name);
        import.append(hex_bytes("01 01"));
        import.name(suffix);
        import.append(hex_bytes("05 00"));
        const auto loaded = load(
            component_with({ section(7, hex_bytes("01 42 00")), section(10, import.bytes()) }), features);
        return loaded ? "" : loaded.error().message;
    };
    EXPECT_EQ(with("a:b/c@0.2", ".6-rc.1"), "");
    EXPECT_EQ(with("a:b/c@1", ".2.3"), "");
    EXPECT_EQ(with("a:b/c@1", ".2"),
        "invalid interface version: unexpected end of input while parsing minor version number");
    EXPECT_EQ(with("a:b/c@1.2", ".3"), "`versionsuffix` needs an interface name with a canonical version");
    EXPECT_EQ(with("a", ".3"), "`versionsuffix` needs an interface name with a canonical version");
    EXPECT_EQ(with("a:b/c@1", ".2.3", {}), "cm-canon-names is disabled: a name with `versionsuffix`");
}

// -- Hostile inputs

/// Each instance of the component gives it a thousand exports again, for a few bytes each.
TEST(ComponentLimits, SubstitutionTakesBoundedTime)
{
    std::string wat = "(component (component $c (import \"r\" (type $r (sub resource)))";
    for (int i = 0; i < 1000; ++i)
        wat += "(export \"e" + std::to_string(i) + "\" (type $r))";
    wat += ") (import \"r\" (type $r (sub resource)))";
    for (int i = 0; i < 3000; ++i)
        wat += "(instance (instantiate $c (with \"r\" (type $r))))";
    const std::string message = refusal(wat + ")");
    EXPECT_TRUE(message.starts_with("the types are too complex")) << message;
}

/// A type whose written-out size is near the limit, compared again and again.
TEST(ComponentLimits, ComparingEqualTypesTakesNoTime)
{
    std::string types = "(type $t0 (tuple u8 u8))";
    for (int i = 1; i < 18; ++i) {
        const std::string below = "$t" + std::to_string(i - 1);
        types += "(type $t" + std::to_string(i) + " (tuple " + below + " " + below + "))";
    }
    std::string wat = "(component " + types + "(import \"f\" (func $f (param \"x\" $t17)))(component $c "
        + types + "(import \"f\" (func (param \"x\" $t17))))";
    for (int i = 0; i < 2000; ++i)
        wat += "(instance (instantiate $c (with \"f\" (func $f))))";
    EXPECT_EQ(refusal(wat + ")"), "");
}

// -- Features

struct Gate {
    Feature feature;
    const char* wat;
    const char* what;
};

const Gate gates[] = {
    { Feature::ComponentAsync, "(type (func async))", "an async function type" },
    { Feature::ComponentAsync, "(type (component (type (func async))))", "an async function type" },
    { Feature::ComponentAsync, "(type (stream u8))", "a stream type" },
    { Feature::ComponentAsync, "(type (future))", "a future type" },
    { Feature::ComponentAsync, "(core func (canon task.cancel))", "`task.cancel`" },
    { Feature::ComponentAsync, "(core func (canon context.get i32 0))", "`context.get`" },
    { Feature::ComponentAsync, "(core func (canon backpressure.inc))", "`backpressure.inc`" },
    { Feature::ComponentAsync, "(core func (canon waitable-set.new))", "`waitable-set.new`" },
    { Feature::ComponentAsync, "(core func (canon subtask.drop))", "`subtask.drop`" },
    { Feature::ComponentAsync, "(core func (canon thread.yield))", "`thread.yield`" },
    { Feature::ComponentStackful, R"((core module $m (func (export "f"))) (core instance $i (instantiate $m))
        (type $t (func async)) (func (type $t) (canon lift (core func $i "f") async)))",
        "canonical option `async` without `callback`" },
    { Feature::ComponentAsyncOptions, "(core func (canon subtask.cancel async))",
        "asynchronous `subtask.cancel`" },
    { Feature::ComponentAsyncOptions, "(type $s (stream)) (core func (canon stream.cancel-read $s async))",
        "asynchronous `stream.cancel-read`" },
    { Feature::ComponentAsyncOptions, "(type $s (future)) (core func (canon future.cancel-write $s async))",
        "asynchronous `future.cancel-write`" },
    { Feature::ComponentAsyncOptions, "(type $s (stream)) (core func (canon stream.write $s))",
        "synchronous `stream.write`" },
    { Feature::ComponentAsyncOptions, "(type $s (future)) (core func (canon future.read $s))",
        "synchronous `future.read`" },
    { Feature::ComponentThreads, "(core func (canon thread.index))", "`thread.index`" },
    { Feature::ComponentThreads, "(core func (canon thread.suspend))", "`thread.suspend`" },
    { Feature::ComponentThreads, "(core func (canon context.set i32 1))", "`context.set` with index 1" },
    { Feature::ComponentErrors, "(core func (canon error-context.drop))", "`error-context.drop`" },
    { Feature::ComponentErrors, "(type (list error-context))", "the type `error-context`" },
    { Feature::ComponentErrors, "(type (func (param \"e\" error-context)))", "the type `error-context`" },
    { Feature::ComponentErrors, "(type error-context)", "the type `error-context`" },
    { Feature::ComponentMaps, "(type (map string u8))", "a map type" },
    { Feature::ComponentFixedLists, "(type (list u8 4))", "a list of fixed length" },
    { Feature::ComponentImplements, R"((import "a" (implements "test:b/c") (instance)))",
        "a name with `implements`" },
    { Feature::ComponentImplements, R"((import "a" (external-id "x") (instance)))",
        "a name with `external-id`" },
};

TEST(ComponentFeatures, WhatIsDisabledIsRefused)
{
    // `VersionSuffixes` tests this one.
    std::set<Feature> tested { Feature::ComponentVersions };
    for (const Gate& gate : gates) {
        const std::string wat = "(component " + std::string(gate.wat) + ")";
        FeatureSet features = FeatureSet::all();
        EXPECT_EQ(refusal(wat, features), "") << wat;
        features.set(gate.feature, false);
        EXPECT_EQ(refusal(wat, features), std::string(info(gate.feature).flag) + " is disabled: " + gate.what)
            << wat;
        EXPECT_EQ(refusal(wat, {}).empty(), info(gate.feature).is_default) << wat;
        tested.insert(gate.feature);
    }
    for (size_t i = 0; i < std::size(feature_table); ++i)
        EXPECT_EQ(tested.contains(static_cast<Feature>(i)), feature_table[i].flag.starts_with("cm-"))
            << feature_table[i].flag;
}

// -- Damaged inputs

/// All prefixes of a component with most kinds of definitions, and each byte changed in several
/// ways: there is a component or an error with an offset inside the file.
TEST(ComponentRobustness, EveryDamagedComponentIsAValueOrAnError)
{
    const ByteVector whole = wasm_of(R"((component $c
        (import "a:b/c@1.0.0" (instance $i (export "r" (type $r (sub resource))) (export "[constructor]r" (func (result (own $r))))))
        (alias export $i "r" (type $r))
        (type $rec (record (field "a" u8) (field "b" (list string)) (field "c" (option (own $r)))))
        (export $rec2 "rec" (type $rec))
        (type (component (import "x" (func (param "p" u8))) (export "y" (type (eq 0)))))
        (core type (module (type (func)) (import "a" "b" (func (type 0))) (export "m" (memory 1 2))))
        (core module $m (memory (export "m") 1) (table (export "t") 1 funcref) (global (export "g") i32 (i32.const 1))
            (func (export "f") (param i32) (result i32) local.get 0)
            (func (export "r") (param i32 i32 i32 i32) (result i32) i32.const 0))
        (core instance $n (instantiate $m))
        (core instance (export "m" (memory $n "m")))
        (type $own (resource (rep i32)))
        (core func (canon resource.drop $own))
        (func $f (param "x" u32) (result string)
            (canon lift (core func $n "f") (memory (core memory $n "m")) (realloc (core func $n "r")) string-encoding=utf16))
        (component $d (import "f" (func (param "x" u32) (result string))) (export "g" (func 0)))
        (instance $e (instantiate $d (with "f" (func $f))))
        (export "g" (func $e "g"))))");
    ASSERT_TRUE(load(whole)) << load(whole).error().to_text();
    const auto check = [](const ByteVector& bytes) {
        core::TypeRegistry types;
        const auto file = std::make_shared<const FileBytes>(bytes);
        if (const auto loaded = load_component(file, file->bytes(), types, FeatureSet::all()); !loaded) {
            ASSERT_TRUE(loaded.error().offset) << loaded.error().message;
            ASSERT_LE(*loaded.error().offset, bytes.size()) << loaded.error().message;
            ASSERT_FALSE(loaded.error().message.empty());
        }
    };
    for (size_t size = 0; size < whole.size(); ++size)
        check(ByteVector(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)));
    for (size_t i = 0; i < whole.size(); ++i)
        for (const uint8_t change : { 0x01, 0x03, 0x10, 0x40, 0x80, 0xff }) {
            ByteVector bytes = whole;
            bytes[i] ^= change;
            check(bytes);
        }
}

} // namespace
} // namespace vitrine::core::component::test
