// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes any bytes as the input of a gdb door client. However they are split, the same packets must
// come out. Each packet must get one answer, which fits into a packet. Every packet but those that
// resume goes to a stopped guest.

#include "gdb/packet.h"
#include "engine/engine.h"
#include "exec/invoke.h"
#include "gdb/stub.h"
#include "wasm/validator.h"

using namespace vitrine::core;

namespace {

/// `(module (memory 1) (global i64 (i64.const 5))
///   (func (export "") (param i32) (local i64) i32.const 1 drop nop))`
constexpr uint8_t module_bytes[] = { 0, 'a', 's', 'm', 1, 0, 0, 0, 1, 5, 1, 0x60, 1, 0x7f, 0, 3, 2, 1, 0, 5,
    3, 1, 0, 1, 6, 6, 1, 0x7e, 0, 0x42, 5, 0x0b, 7, 4, 1, 0, 0, 0, 10, 10, 1, 8, 1, 1, 0x7e, 0x41, 1, 0x1a, 1,
    0x0b };

/// A guest that is stopped before its first instruction. All inputs that leave it there share it.
struct Guest {
    Guest()
    {
        auto module = load_module({ std::begin(module_bytes), std::end(module_bytes) }, engine->types);
        ASSERT(module);
        auto instance = instantiate(thread, Linker(), *module);
        ASSERT(instance);
        session = *debug::Session::create(store, thread);
        ASSERT(session->start(
            [this, &function = *(*instance)->functions[0]]() -> debug::Outcome {
                const Value argument = Value::i32(7);
                auto results = invoke(thread, function, { &argument, 1 });
                if (!results)
                    return std::unexpected(std::move(results).error());
                return *results;
            },
            true));
        ASSERT(session->wait());
    }

    std::shared_ptr<Engine> engine =
        std::make_shared<Engine>(EngineConfig { .guest_debug = true, .max_stack_bytes = 1 << 16 });
    GuestStore guest { engine };
    Store& store = guest.store;
    Thread& thread = guest.thread;
    std::unique_ptr<debug::Session> session;
};

std::vector<gdb::Item> items_of(std::string_view bytes, size_t piece)
{
    gdb::PacketReader reader;
    std::vector<gdb::Item> items;
    while (!bytes.empty()) {
        std::string_view input = bytes.substr(0, piece);
        bytes.remove_prefix(input.size());
        while (auto item = reader.next(input))
            items.push_back(std::move(*item));
    }
    return items;
}

bool changes_the_stop(const gdb::Request& request)
{
    return std::holds_alternative<gdb::ask::Resume>(request)
        || std::holds_alternative<gdb::ask::Detach>(request)
        || std::holds_alternative<gdb::ask::Kill>(request);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    static auto guest = std::make_unique<Guest>();
    const std::string_view bytes = text_of({ data, size });
    const auto items = items_of(bytes, size);
    const auto same = items_of(bytes, 1);
    ASSERT(items.size() == same.size());
    gdb::Stub stub(*guest->session, gdb::Process::Call);
    ASSERT(stub.open({}));
    ASSERT(stub.attach());
    for (size_t i = 0; i < items.size(); ++i) {
        ASSERT(items[i].kind == same[i].kind && items[i].payload == same[i].payload);
        const gdb::Request request = gdb::parse_request(items[i].payload);
        if (changes_the_stop(request))
            continue;
        const auto answer = stub.answer(request);
        ASSERT(answer.payload && gdb::encode_packet(*answer.payload).size() <= gdb::max_packet_size);
    }
    stub.view().remove_all_stops();
    // Replace a guest that was moved elsewhere by one that is stopped at its entry.
    const auto frames = guest->session->frames();
    if (frames.empty() || frames.front().offset != frames.front().function->meta->code_offset)
        guest = std::make_unique<Guest>();
    return 0;
}
