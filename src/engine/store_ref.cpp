// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/store_ref.h"

namespace vitrine::core {

void make_store(const std::shared_ptr<StoreRef>& ref, const std::shared_ptr<Engine>& engine)
{
    auto guest = std::make_unique<GuestStore>(engine);
    guest->store.ref = ref;
    ref->requests = guest->thread.requests;
    ref->guest = std::move(guest);
}

} // namespace vitrine::core
