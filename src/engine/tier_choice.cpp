// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/tier_choice.h"

#include "base/number.h"
#include "base/text.h"

#include <algorithm>
#include <cstdlib>

namespace vitrine::core {

namespace {

constexpr const char* variable = "VITRINE_TIER";
constexpr TierName names[] {
    { "auto", TierPolicy::Auto },
    { "interp", TierPolicy::Interpreter },
    { "jit", TierPolicy::Compiled },
    { "mixed", TierPolicy::Mixed },
};

/// Removes the text up to the first colon, and returns it.
std::string_view take_part(std::string_view& text)
{
    const size_t colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    text.remove_prefix(colon == text.npos ? text.size() : colon + 1);
    return part;
}

/// Parses `NAME`, `mixed:SEED` or `mixed:SEED:PERCENT` into the configuration.
bool parse(std::string_view text, EngineConfig& config)
{
    if (text.ends_with(':'))
        return false;
    const auto tier = find_tier(take_part(text));
    if (!tier || (!text.empty() && tier != TierPolicy::Mixed))
        return false;
    config.tier = *tier;
    if (text.empty())
        return true;
    const auto seed = parse_unsigned(take_part(text));
    const auto percent = text.empty() ? 0 : parse_unsigned(text);
    if (!seed || !percent || *percent > 100)
        return false;
    config.tier_seed = *seed;
    config.exit_percent = static_cast<uint32_t>(*percent);
    return true;
}

} // namespace

std::span<const TierName> tier_names() { return names; }

std::optional<TierPolicy> find_tier(std::string_view name)
{
    const auto* found = std::ranges::find(names, name, &TierName::name);
    return found == std::end(names) ? std::nullopt : std::optional(found->tier);
}

std::string all_tier_names()
{
    std::string text;
    for (const TierName& each : names)
        text += (text.empty() ? "" : &each == std::end(names) - 1 ? " or " : ", ") + std::string(each.name);
    return text;
}

ChosenTier choose_tier(const EngineConfig& config) { return choose_tier(config, std::getenv(variable)); }

ChosenTier choose_tier(const EngineConfig& config, const char* value)
{
    if (!value || !*value)
        return { config, {} };
    EngineConfig chosen = config;
    if (!parse(value, chosen))
        return { config,
            Error { std::string("environment variable ") + variable + ": expected " + all_tier_names()
                + ", mixed:SEED or mixed:SEED:PERCENT, got " + escaped(value) } };
    return { config.tier == TierPolicy::Auto ? chosen : config, {} };
}

} // namespace vitrine::core
