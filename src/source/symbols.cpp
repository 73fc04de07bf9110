// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "source/symbols.h"

#include <algorithm>
#include <ranges>

namespace vitrine::core::source {

std::vector<Scope> Symbols::inlined_in(Range range)
{
    std::vector<Scope> inlined;
    const auto ask = [&](CodeOffset offset) {
        const std::vector<Scope> scopes = scopes_at(offset);
        for (const Scope& scope : scopes | std::views::reverse)
            if (scope.kind == Scope::Kind::Inlined && std::ranges::find(inlined, scope) == inlined.end())
                inlined.push_back(scope);
    };
    for (const Row& row : rows_in(range))
        ask(std::clamp(row.range.begin, range.begin, range.end - 1));
    // What begins inside of a row.
    for (size_t i = 0; i < inlined.size(); ++i)
        for (const Range part : std::vector(inlined[i].ranges))
            if (range.contains(part.begin))
                ask(part.begin);
    return inlined;
}

std::vector<TypeId> Symbols::types_named(const Pattern&) { return {}; }

} // namespace vitrine::core::source
