// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a store may use, and how to end its guest.
#include "capi/capi.h"

namespace vitrine::capi {

namespace {

#define SAME(name, kind) static_assert(VITRINE_RESOURCE_##name == static_cast<int>(Resource::kind))
SAME(MEMORY, Memory);
SAME(TABLE, Table);
SAME(HEAP, Heap);
SAME(MEMORIES, Memories);
SAME(TABLES, Tables);
SAME(INSTANCES, Instances);
#undef SAME

} // namespace

} // namespace vitrine::capi

struct vitrine_interrupter_t {
    vitrine::Interrupter interrupter;
};

using vitrine::Resource;
using vitrine::ResourceLimiter;
using vitrine::Result;
using vitrine::capi::attempt;
using vitrine::capi::guarded;
using vitrine::capi::HostInfo;
using vitrine::capi::required;

vitrine_interrupter_t* vitrine_interrupter_new(const wasm_store_t* store)
{
    const auto& body = required(store, __func__, "store").body;
    return guarded<vitrine_interrupter_t*>(
        nullptr, [&] { return new vitrine_interrupter_t { body->store->interrupter() }; });
}

void vitrine_interrupter_delete(vitrine_interrupter_t* interrupter) { delete interrupter; }

void vitrine_interrupter_interrupt(const vitrine_interrupter_t* interrupter)
{
    required(interrupter, __func__, "interrupter").interrupter.interrupt();
}

vitrine_error_t* vitrine_store_limit_resources(
    wasm_store_t* store, vitrine_limiter_t limiter, void* env, void (*finalizer)(void*))
{
    HostInfo owned(env, finalizer);
    const auto& body = required(store, __func__, "store").body;
    return attempt(body, [&]() -> Result<void> {
        if (!limiter)
            return body->store->limit_resources({});
        return body->store->limit_resources([limiter, shared = std::make_shared<HostInfo>(std::move(owned))](
                                                Resource resource, uint64_t current, uint64_t desired) {
            return limiter(shared->get(), static_cast<vitrine_resource_t>(resource), current, desired);
        });
    });
}
