// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes any text as a value of a type, or as a call of a function, depending on its first byte. An
// error must have a position in the text, and what was parsed must be the same when it is written
// and parsed again.

#include "component/wave.h"
#include "base/bytes.h"

#include <string_view>

using namespace vitrine::core;
using namespace component;

namespace {

struct Targets {
    Targets()
    {
        using enum Primitive;
        const auto add = [&](ValueDef def) {
            shapes.push_back(&laid_out.of(*types.add(std::move(def))));
            return shapes.back()->type;
        };
        for (const Primitive primitive : { Bool, S8, U16, S64, U64, F32, F64, Char, String })
            add(primitive);
        const ValType bytes = add(ListType { U8 }), words = add(ListType { String });
        add(ListType { F32, 3 });
        const ValType map = add(MapType { String, bytes });
        const ValType flags = add(FlagsType { { "read", "write", "true" } });
        const ValType option = add(OptionType { words }), nested = add(OptionType { option });
        const ValType either = add(ResultType { nested, Char });
        const ValType none = add(ResultType {});
        const ValType tuple = add(TupleType { { S8, flags, none } });
        const ValType cases = add(VariantType { { { "a", {} }, { "err", tuple }, { "b-c", map } } });
        const ValType colours = add(EnumType { { "red", "none" } });
        const ValType record = add(RecordType { { { "x", cases }, { "y", nested }, { "z", either } } });
        add(ListType { record });
        func = &laid_out.of_func(*types.add(component::FuncType {
            { { "a", record }, { "b", colours }, { "c", option }, { "d", nested } }, {} }));
    }

    Types types;
    Shapes laid_out { types };
    std::vector<const Shape*> shapes;
    const FuncShape* func = nullptr;
};

void check_error(const Error& error, std::string_view text)
{
    ASSERT(!error.message.empty());
    ASSERT(error.offset && *error.offset <= text.size());
}

void parse_call_of(const FuncShape& func, std::string_view text)
{
    const auto call = parse_call(text);
    if (!call)
        return check_error(call.error(), text);
    const auto values = parse_arguments(*call, func);
    if (!values)
        return check_error(values.error(), text);
    ASSERT(values->size() == func.params.parts.size());
    for (size_t i = 0; i < values->size(); ++i)
        ASSERT(!to_wave((*values)[i], *func.params.parts[i].shape).empty());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    static const Targets targets;
    if (size == 0)
        return 0;
    const std::string_view text = text_of({ data + 1, size - 1 });
    if (data[0] == '(') {
        parse_call_of(*targets.func, text);
        return 0;
    }
    const Shape& shape = *targets.shapes[data[0] % targets.shapes.size()];
    const auto value = parse_wave(text, shape);
    if (!value) {
        check_error(value.error(), text);
        return 0;
    }
    const std::string written = to_wave(*value, shape);
    const auto again = parse_wave(written, shape);
    ASSERT(again && to_wave(*again, shape) == written);
    const std::string cut = to_wave(*value, shape, { .elements = 2, .bytes = 20 });
    ASSERT(cut.size() <= 23);
    return 0;
}
