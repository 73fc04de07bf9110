// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/types.h"

#include <algorithm>

namespace vitrine {

std::string_view to_text(ExternKind kind)
{
    switch (kind) {
    case ExternKind::Func: return "func";
    case ExternKind::Table: return "table";
    case ExternKind::Memory: return "memory";
    case ExternKind::Global: return "global";
    case ExternKind::Tag: return "tag";
    }
    std::unreachable();
}

} // namespace vitrine

namespace vitrine::core {

std::string ValueType::to_text() const
{
    switch (kind()) {
    case ValueKind::Bottom: return "bot";
    case ValueKind::I32: return "i32";
    case ValueKind::I64: return "i64";
    case ValueKind::F32: return "f32";
    case ValueKind::F64: return "f64";
    case ValueKind::V128: return "v128";
    case ValueKind::Ref: break;
    }
    if (heap() == bottom_heap)
        return "(ref bot)";
    if (heap() != HeapKind::Defined && is_nullable())
        return std::string(info(heap()).ref_text);
    const std::string target =
        heap() == HeapKind::Defined ? std::to_string(index()) : std::string(info(heap()).text);
    return (is_nullable() ? "(ref null " : "(ref ") + target + ")";
}

std::string to_text(std::span<const ValueType> types)
{
    std::string text = "[";
    for (const ValueType type : types)
        text += (text.size() > 1 ? " " : "") + type.to_text();
    return text + "]";
}

uint32_t slots_of(std::span<const ValueType> types)
{
    // Nearly all lists are short. Compilers do not vectorize searches, so they are faster than a
    // sum.
    const auto is_wide = [](ValueType type) { return type.slots() != 1; };
    auto sum = static_cast<uint32_t>(types.size());
    for (auto at = std::ranges::find_if(types, is_wide); at != types.end();
        at = std::find_if(at + 1, types.end(), is_wide))
        ++sum;
    return sum;
}

std::string FuncType::to_text() const
{
    std::string text;
    const auto add = [&](std::string_view word, const std::vector<ValueType>& types) {
        if (types.empty())
            return;
        text += (text.empty() ? "(" : " (") + std::string(word);
        for (const ValueType type : types)
            text += " " + type.to_text();
        text += ")";
    };
    add("param", params);
    add("result", results);
    return text;
}

} // namespace vitrine::core
