// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/profile.h"

#include "engine/engine.h"
#include "jit/compiling_tier.h"

namespace vitrine::core {

Result<void> profile_code(Engine& engine, std::string_view kind)
{
    auto* const tier = dynamic_cast<jit::CompilingTier*>(&engine.tier());
    if (!tier)
        return failure("nothing is compiled: " + engine.statistics().unavailable);
    tier->set_profile(TRY(jit::Profile::create(kind)));
    return {};
}

} // namespace vitrine::core
