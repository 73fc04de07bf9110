// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/tier.h"

#include "base/number.h"
#include "cli/number.h"
#include "engine/tier_choice.h"

namespace vitrine::cli {

void TierOptions::add_to(CLI::App& app)
{
    app.add_option("--tier", tier,
           "Compile functions that run often (default), none, or all; mixed decides at random, for tests")
        ->type_name("auto|interp|jit|mixed");
    app.add_option("--tier-threshold", threshold,
           "How often a function runs before it is compiled, in percent of the default")
        ->type_name("PERCENT");
    app.add_option("--max-code", max_code, "Maximum size of machine code, for example 16M (default 256M)")
        ->type_name("BYTES");
    app.add_flag(
        "--no-signals", no_signals, "Check addresses in compiled code, without a handler of SIGSEGV");
}

Result<void> TierOptions::apply(Config& config) const
{
    if (!tier.empty()) {
        const auto policy = core::find_tier(tier);
        if (!policy)
            return Error("--tier " + tier + ": expected " + core::all_tier_names());
        config.tier(*policy);
    }
    if (!threshold.empty()) {
        constexpr uint32_t most = 1'000'000;
        const auto percent = core::parse_unsigned(threshold);
        if (!percent || *percent < 1 || *percent > most)
            return Error("--tier-threshold " + threshold + ": expected a percentage from 1 to 1000000");
        config.tier_threshold(static_cast<uint32_t>(*percent));
    }
    if (!max_code.empty()) {
        constexpr uint64_t most = uint64_t { 64 } << 30;
        const auto size = parse_size(max_code);
        if (!size || *size > most)
            return Error("--max-code " + max_code + ": expected a size of at most 64G, for example 16M");
        config.max_code_bytes(*size);
    }
    config.signal_handlers(!no_signals);
    return {};
}

} // namespace vitrine::cli
