// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any text as lines of the console, for a guest that is stopped at its first instruction. Lines can
// step it, but not resume it in any other way. What the console writes fits a terminal, and what it
// has set it can delete.

#include "console/console.h"
#include "base/text.h"
#include "engine/engine.h"
#include "exec/invoke.h"
#include "wasm/validator.h"

#include "fuzz/small_module.h"

#include <chrono>

using namespace vitrine::core;
using vitrine::fuzz::module_bytes;

namespace {

constexpr size_t max_lines = 64;
constexpr size_t max_steps = 1000;
/// As a user would who sees so many lines, the sink interrupts what a line does.
constexpr size_t max_answer = 10'000;

/// The guest, and the door to it.
class Guest final : public console::Target {
public:
    Guest()
    {
        auto loaded = load_module({ std::begin(module_bytes), std::end(module_bytes) }, engine_->types);
        ASSERT(loaded);
        module_ = *loaded;
        auto made = instantiate(guest_.thread, Linker(), module_);
        ASSERT(made);
        instance_ = &**made;
        session_ = *debug::Session::create(guest_.store, guest_.thread);
        client_ = *debug::Client::attach(*session_, "the test", debug::Client::Kind::Shared);
        ASSERT(session_->start([this] { return run_guest(); }, true));
        ASSERT(session_->wait());
    }
    ~Guest() override { session_->close(); }

    debug::Client& client() override { return *client_; }
    Result<void> check(console::Needs needs, std::string_view) override
    {
        using enum console::Needs;
        if (needs == Owner)
            return failure("not here");
        if ((needs == Stopped || needs == Resume) && !session_->stopped())
            return failure("the program is not stopped");
        return {};
    }
    std::vector<console::LoadedModule> modules() override { return { { module_, "small.wasm" } }; }
    std::string place_text(const Module&, CodeOffset offset, const Instance*) override { return hex(offset); }
    Result<void> resume(const debug::Resume& how) override
    {
        // A step ends, whatever the guest was changed to. An alias may hide how many there are.
        if (how.kind != debug::Resume::Kind::Step || ++steps_ > max_steps)
            return failure("not here");
        CHECK(client_->resume(how));
        const auto event = TRY(session_->wait());
        has_ended_ = std::holds_alternative<debug::Outcome>(event);
        return {};
    }
    std::string end_text() override { return has_ended_ ? "ended" : ""; }

private:
    debug::Outcome run_guest()
    {
        const Value argument = Value::i32(7);
        auto results = invoke(guest_.thread, *instance_->functions[2], { &argument, 1 });
        if (!results)
            return std::unexpected(std::move(results).error());
        return *results;
    }

    std::shared_ptr<Engine> engine_ =
        std::make_shared<Engine>(EngineConfig { .guest_debug = true, .max_stack_bytes = 1 << 16 });
    GuestStore guest_ { engine_ };
    std::shared_ptr<const Module> module_;
    Instance* instance_ = nullptr;
    std::unique_ptr<debug::Session> session_;
    std::unique_ptr<debug::Client> client_;
    size_t steps_ = 0;
    bool has_ended_ = false;
};

/// Steps at most so often: a count in a line may be anything.
bool is_short(std::string_view line)
{
    console::Words words(line);
    words.next();
    const auto count = words.number("");
    return !count || *count < 50;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    Guest guest;
    console::Console* interruptible = nullptr;
    size_t written = 0;
    console::Console console(guest, [&](const console::Line& line) {
        if (++written % max_answer == 0)
            interruptible->interrupt();
        const std::string text = plain_text(line);
        ASSERT(is_utf8(bytes_of(text)) && text == printable(text));
        ASSERT(ansi_text(line).size() >= text.size());
    });
    interruptible = &console;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    for (size_t i = 0; i < max_lines && !text.empty(); ++i) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        for (const std::string& word : console.completions(line))
            ASSERT(!word.empty());
        if (is_short(line))
            console.perform(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    while (console.is_in_block())
        console.perform("end");
    console.perform("info");
    console.perform("bt");
    console.perform("delete");
    ASSERT(guest.session().breakpoints().empty() && guest.session().watchpoints().empty());
    return 0;
}
