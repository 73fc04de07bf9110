// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/printer.h"

#include "component/validator.h"
#include "component/wave.h"
#include "support/wat.h"

#include <gtest/gtest.h>

namespace vitrine::core::component::test {
namespace {

using enum Primitive;
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
    auto loaded = load_component(file, file->bytes(), registry(), FeatureSet::all());
    EXPECT_TRUE(loaded) << loaded.error().to_text() << "\n" << wat;
    return loaded ? *loaded : nullptr;
}

/// What the world of a component contains.
std::string world_of(std::string_view wat)
{
    const std::string text = wit_of(*valid(wat));
    const std::string begin = "package root:component;\n\nworld root {\n", end = "}\n";
    EXPECT_TRUE(text.starts_with(begin) && text.ends_with(end)) << text;
    return text.substr(begin.size(), text.size() - begin.size() - end.size());
}

// -- Single types

TEST(WitOfType, EveryKind)
{
    Types types;
    const auto add = [&](ValueDef def) { return ValType(*types.add(std::move(def))); };
    const TypeId resource = *types.add(ResourceType { types.new_resource() });
    const ValType list = add(ListType { U8 }), fixed = add(ListType { F64, 3 });
    const struct {
        ValType type;
        const char* text;
    } table[] = {
        { Bool, "bool" },
        { S64, "s64" },
        { ErrorContext, "error-context" },
        { list, "list<u8>" },
        { fixed, "list<f64, 3>" },
        { add(MapType { String, list }), "map<string, list<u8>>" },
        { add(RecordType { { { "x", U8 }, { "record", list } } }), "record { x: u8, %record: list<u8> }" },
        { add(TupleType { { Char, list } }), "tuple<char, list<u8>>" },
        { add(VariantType { { { "a", {} }, { "type", list } } }), "variant { a, %type(list<u8>) }" },
        { add(EnumType { { "red", "use" } }), "enum { red, %use }" },
        { add(FlagsType { { "read" } }), "flags { read }" },
        { add(OptionType { list }), "option<list<u8>>" },
        { add(ResultType {}), "result" },
        { add(ResultType { U8, {} }), "result<u8>" },
        { add(ResultType { {}, U8 }), "result<_, u8>" },
        { add(ResultType { list, String }), "result<list<u8>, string>" },
        { add(OwnType { resource }), "resource" },
        { add(BorrowType { resource }), "borrow<resource>" },
        { add(StreamType {}), "stream" },
        { add(StreamType { U8 }), "stream<u8>" },
        { add(FutureType { list }), "future<list<u8>>" },
        { add(String), "string" },
    };
    for (const auto& row : table)
        EXPECT_EQ(wit_of(types, row.type), row.text);
    EXPECT_EQ(wit_of(types, FuncType { { { "a", list }, { "from", String } }, fixed }),
        "func(a: list<u8>, %from: string) -> list<f64, 3>");
    EXPECT_EQ(wit_of(types, FuncType { {}, {}, true }), "async func()");
}

TEST(WitOfType, LongTypesAreCut)
{
    Types types;
    ValType type = U8;
    for (int depth = 0; depth < 15; ++depth)
        type = *types.add(TupleType { { type, type } });
    EXPECT_EQ(wit_of(types, type, nullptr, 20), "tuple<tuple<tuple<tu...");
    EXPECT_EQ(wit_of(types, type, nullptr, 100'000).size(), 100'003u);
    EXPECT_EQ(wit_of(types, U8, nullptr, 2), "u8");
}

// -- Imports and exports

TEST(WitOfComponent, FunctionsAndTypesOfTheWorld)
{
    EXPECT_EQ(world_of("(component)"), "");
    EXPECT_EQ(world_of(R"((component
        (type $point' (record (field "x" s32) (field "from" s32)))
        (import "point" (type $point (eq $point')))
        (type $list (list u8))
        (import "bytes" (type $bytes (eq $list)))
        (import "thing" (type $thing (sub resource)))
        (import "[method]thing.use" (func (param "self" (borrow $thing)) (param "other" (own $thing))))
        (import "log" (func $log (param "at" (option $point)) (param "b" $bytes) (param "c" (list u8))))
        (type $handle (func async (param "items" (stream u8)) (result (future string))))
        (import "stream" (func (type $handle)))
        (export "log-again" (func $log))
        (export "place" (type $point))))"),
        R"(  record point {
    x: s32,
    %from: s32,
  }
  type bytes = list<u8>;
  resource thing {
    %use: func(other: thing);
  }
  import log: func(at: option<point>, b: bytes, c: list<u8>);
  import %stream: async func(items: stream<u8>) -> future<string>;
  export log-again: func(at: option<point>, b: bytes, c: list<u8>);
  type place = point;
)");
}

TEST(WitOfComponent, WhatWitHasNoSyntaxFor)
{
    EXPECT_EQ(world_of(R"((component
        (import "m" (core module (import "a" "b" (func))))
        (import "c" (component
            (type $t' (enum "a" "b"))
            (import "t" (type $t (eq $t')))
            (import "test:a/b" (instance (export "f" (func))))
            (export "g" (func (result $t)))))
        (import "local" (instance
            (export "r" (type $r (sub resource)))
            (export "make" (func (result (own $r))))))
        (import "empty" (instance))
        (type $f' (func (param "x" u8)))
        (import "f" (type (eq $f')))
        (type $i' (instance (export "f" (func)) (export "r" (type (sub resource)))))
        (import "i" (type (eq $i')))
        (type $w' (component (import "f" (func)) (export "g" (func))))
        (export "w" (type $w'))
        (import "unlocked-dep=<test:dep>" (component))))"),
        R"(  import m: core module;
  import c: component {
    enum t {
      a,
      b,
    }
    import test:a/b;
    export g: func() -> t;
  }
  import local: interface {
    resource r;
    make: func() -> r;
  }
  import empty: interface {}
  type f = func(x: u8);
  type i = interface {
    f: func();
    resource r;
  }
  import unlocked-dep=<test:dep>: component {}
  type w = component {
    import f: func();
    export g: func();
  }
}

package test:a {
  interface b {
    f: func();
  }
)");
}

TEST(WitOfComponent, Attributes)
{
    EXPECT_EQ(world_of(R"((component
        (import "primary" (implements "test:a/store@0.2.0") (instance (export "get" (func))))
        (import "backup" (implements "test:a/store@0.2.0") (external-id "b\"2") (instance (export "get" (func))))
        (import "thing" (type $thing (sub resource)))
        (import "[method]thing.get" (external-id "m") (func (param "self" (borrow $thing))))))"),
        R"(  import primary: test:a/store@0.2.0;
  @external-id("b\"2")
  import backup: test:a/store@0.2.0;
  resource thing {
    @external-id("m")
    get: func();
  }
}

package test:a@0.2.0 {
  interface store {
    get: func();
  }
)");
}

TEST(WitOfComponent, TypesOfTheWorldAreWrittenAgainInInterfaces)
{
    EXPECT_EQ(world_of(R"((component
        (type $colour' (enum "red"))
        (import "colour" (type $colour (eq $colour')))
        (import "thing" (type $thing (sub resource)))
        (instance $i (export "tint" (type $colour)) (export "thing" (type $thing)))
        (export "local" (instance $i))))"),
        R"(  enum colour {
    red,
  }
  resource thing;
  export local: interface {
    enum tint {
      red,
    }
    resource thing;
  }
)");
}

TEST(WitOfComponent, AnInterfaceThatIsImportedAndExportedIsWrittenOnce)
{
    EXPECT_EQ(wit_of(*valid(R"((component
        (type $i (instance (export "f" (func)) (export "g" (func (result u8)))))
        (import "test:a/b" (instance $b (type $i)))
        (import "other" (func $other))
        (instance $made (export "g" (func $b "g")) (export "h" (func $other)))
        (export "test:a/b" (instance $made))))")),
        R"(package root:component;

world root {
  import test:a/b;
  import other: func();
  export test:a/b;
}

package test:a {
  interface b {
    f: func();
    g: func() -> u8;
    h: func();
  }
}
)");
}

/// What tools make of an interface that uses types of another one: a component that gets the types
/// as arguments, and exports them again under the names that they have in the interface.
TEST(WitOfComponent, TypesThatComponentsGetAsArgumentsAreWrittenOnce)
{
    const std::string_view file = R"((component
        (import "test:geo/types" (instance $types
            (type $point' (record (field "x" s32)))
            (export "point" (type $point (eq $point')))
            (type $way' (list $point))
            (export "way" (type (eq $way')))
            (type $size' u32)
            (export "size" (type (eq $size')))))
        (alias export $types "point" (type $point))
        (alias export $types "way" (type $way))
        (alias export $types "size" (type $size))
        (import "host" (func $host (param "p" $point) (result $way)))
        (component $ops
            (type $point' (record (field "x" s32)))
            (import "point" (type $point (eq $point')))
            (type $way' (list $point))
            (import "way" (type $way (eq $way')))
            ARGUMENT
            (import "host" (func $host (param "p" $point) (result $way)))
            (type $other' (record (field "x" s32)))
            (export $other "other" (type $other'))
            (export $p "p" (type $point))
            (export $w "way" (type $way))
            (export "size" (type $size))
            (export "go" (func $host) (func (param "p" $p) (result $w))))
        (instance $made (instantiate $ops (with "point" (type $point)) (with "way" (type $way))
            (with "host" (func $host)) WITH))
        (export "test:geo/ops" (instance $made))))";
    // Types are passed alone, or in an instance.
    const std::string_view ways[][2] = {
        { "(type $size' u32) (import \"size\" (type $size (eq $size')))", "(with \"size\" (type $size))" },
        { "(import \"types\" (instance $types (type $size' u32) (export \"size\" (type (eq $size')))))"
          "(alias export $types \"size\" (type $size))",
            "(with \"types\" (instance $types))" },
    };
    for (const auto& [argument, with] : ways) {
        std::string text(file);
        text.replace(text.find("ARGUMENT"), 8, argument);
        text.replace(text.find("WITH"), 4, with);
        EXPECT_EQ(wit_of(*valid(text)), R"(package root:component;

world root {
  import test:geo/types;
  import host: func(p: point) -> way;
  export test:geo/ops;
}

package test:geo {
  interface types {
    record point {
      x: s32,
    }
    type way = list<point>;
    type size = u32;
  }
  interface ops {
    record other {
      x: s32,
    }
    use types.{point as p, way, size};
    go: func(p: p) -> way;
  }
}
)");
    }
}

TEST(WitOfComponent, SmallFilesDoNotMakeHugeTexts)
{
    // Many instances with a function that has a very long name.
    std::string wat = "(component (type $i (instance (export \"" + std::string(100'000, 'a') + "\" (func))))";
    for (int i = 0; i < 200; ++i)
        wat += "(import \"i" + std::to_string(i) + "\" (instance (type $i)))";
    const std::string text = wit_of(*valid(wat + ")"));
    EXPECT_LE(text.size(), size_t { 17 } << 20);
    EXPECT_TRUE(text.ends_with("...\n"));
}

TEST(TypeNames, NamesOfResourcesInValues)
{
    const auto component = valid(R"((component
        (import "test:a/b" (instance
            (export "sink" (type $sink (sub resource)))
            (export "open" (func (result (own $sink))))))))");
    const TypeNames names(*component);
    const auto& imports = component->types->component(component->type).imports;
    const auto& exports = component->types->instance(imports.entities[0].type()).exports;
    const FuncShape& open = component->shapes->of_func(exports.find("open")->type());
    const Value value { .bits = 0, .content = std::make_shared<HeldResource>(HeldResource { .rep = 3 }) };
    EXPECT_EQ(to_wave(value, *open.result, { .names = &names }), "<own sink 3>");
}

TEST(WitOfComponent, InterfacesOfPackages)
{
    const auto component = valid(R"((component
        (import "wasi:io/error@0.2.0" (instance $error
            (export "error" (type $error (sub resource)))
            (export "[method]error.to-debug-string" (func (param "self" (borrow $error)) (result string)))))
        (alias export $error "error" (type $error-type))
        (import "wasi:io/streams@0.2.0" (instance
            (alias outer 1 $error-type (type $outer-error))
            (export "error" (type $error (eq $outer-error)))
            (type $stream-error' (variant (case "failed" (own $error)) (case "closed")))
            (export "stream-error" (type $stream-error (eq $stream-error')))
            (export "input-stream" (type $in (sub resource)))
            (export "[method]input-stream.read"
                (func (param "self" (borrow $in)) (param "len" u64) (result (result (list u8) (error $stream-error)))))
            (export "[static]input-stream.open" (func (result (own $in))))
            (export "[constructor]input-stream" (func (param "name" string) (result (own $in))))))
        (import "test:calc/ops@1.2.3-rc.1" (instance
            (alias outer 1 $error-type (type $outer-error))
            (export "failure" (type (eq $outer-error)))
            (type $flags' (flags "a" "type"))
            (export "options" (type $flags (eq $flags')))
            (export "more-options" (type (eq $flags)))
            (type $ids' (list u32))
            (export "ids" (type $ids (eq $ids')))
            (type $colour' (enum "red" "green"))
            (export "colour" (type $colour (eq $colour')))
            (export "run" (func (param "ids" $ids) (param "f" $flags) (result $colour)))))
        ))");
    EXPECT_EQ(wit_of(*component), R"(package root:component;

world root {
  import wasi:io/error@0.2.0;
  import wasi:io/streams@0.2.0;
  import test:calc/ops@1.2.3-rc.1;
}

package test:calc@1.2.3-rc.1 {
  interface ops {
    use wasi:io/error@0.2.0.{error as failure};
    flags options {
      a,
      %type,
    }
    type more-options = options;
    type ids = list<u32>;
    enum colour {
      red,
      green,
    }
    run: func(ids: ids, f: options) -> colour;
  }
}

package wasi:io@0.2.0 {
  interface error {
    resource error {
      to-debug-string: func() -> string;
    }
  }
  interface streams {
    use error.{error};
    variant stream-error {
      failed(error),
      closed,
    }
    resource input-stream {
      read: func(len: u64) -> result<list<u8>, stream-error>;
      open: static func() -> input-stream;
      constructor(name: string);
    }
  }
}
)");
}

} // namespace
} // namespace vitrine::core::component::test
