// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/match.h"

#include "support/wat.h"
#include "wasm/validator.h"

#include <gtest/gtest.h>

namespace vitrine::core::test {
namespace {

/// The module exports what `given` says and imports what `wanted` says.
TEST(Matching, ExternalTypesWithoutObjects)
{
    const struct {
        const char* given;
        const char* wanted;
        bool fits;
    } table[] = {
        { "(func (param i32))", "(func (param i32))", true },
        { "(func (param i32))", "(func (param i64))", false },
        { "(func (type $sub))", "(func (type $super))", true },
        { "(func (type $super))", "(func (type $sub))", false },
        { "(func (param i32))", "(memory 0)", false },
        { "(memory 2 3)", "(memory 1)", true },
        { "(memory 2 3)", "(memory 2 3)", true },
        { "(memory 2 3)", "(memory 2 4)", true },
        { "(memory 2 3)", "(memory 3 4)", false },
        { "(memory 2 3)", "(memory 2 2)", false },
        { "(memory 2)", "(memory 2 3)", false },
        { "(memory i64 2)", "(memory 2)", false },
        { "(memory 2 3 shared)", "(memory 2 3)", false },
        { "(memory 2 3 shared)", "(memory 1 3 shared)", true },
        { "(memory 2 (pagesize 1))", "(memory 2)", false },
        { "(table 2 funcref)", "(table 1 funcref)", true },
        { "(table 2 funcref)", "(table 1 externref)", false },
        { "(table 2 (ref null $sub))", "(table 2 (ref null $super))", false },
        { "(table i64 2 funcref)", "(table 2 funcref)", false },
        { "(global i32 (i32.const 0))", "(global i32)", true },
        { "(global i32 (i32.const 0))", "(global i64)", false },
        { "(global i32 (i32.const 0))", "(global (mut i32))", false },
        { "(global (mut i32) (i32.const 0))", "(global (mut i32))", true },
        { "(global (ref null $sub) (ref.null $sub))", "(global (ref null $super))", true },
        { "(global (ref null $super) (ref.null $super))", "(global (ref null $sub))", false },
        { "(global (mut (ref null $sub)) (ref.null $sub))", "(global (mut (ref null $super)))", false },
        { "(tag (param i32))", "(tag (param i32))", true },
        { "(tag (param i32))", "(tag (param i64))", false },
        { "(tag (param i32))", "(tag)", false },
    };
    const std::string types = "(type $super (sub (func))) (type $sub (sub $super (func)))";
    TypeRegistry registry;
    const auto load = [&](const std::string& fields) {
        return *load_module(wasm_of("(module " + types + fields + ")"), registry, FeatureSet::all());
    };
    for (const auto& [given, wanted, fits] : table) {
        const std::string text = given, kind = text.substr(1, text.find(' ') - 1);
        const auto exporter = load("(" + kind + " (export \"e\")" + text.substr(1 + kind.size()));
        const auto importer = load("(import \"m\" \"e\" " + std::string(wanted) + ")");
        const Export& item = exporter->exports.at(0);
        const Import& import = importer->imports.at(0);
        EXPECT_EQ(matches(extern_type(*exporter, item.kind, item.index),
                      extern_type(*importer, import.kind, import.index), registry),
            fits)
            << given << " for " << wanted;
    }
}

} // namespace
} // namespace vitrine::core::test
