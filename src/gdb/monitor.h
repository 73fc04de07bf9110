// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "console/console.h"
#include "gdb/view.h"

#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::gdb {

/// [doc] The console behind LLDB's `monitor`
///
/// LLDB has no commands for globals, tables, tags, operands and references. `process plugin packet
/// monitor LINE` passes a line to a console, and the answer is text. LLDB does not tell which frame
/// the user has selected in it. A line applies to what lines such as `frame 1` have selected; at
/// first, to the innermost frame of the thread that LLDB looked at last.
///
/// LLDB believes that the guest is stopped until it resumes the guest itself. So a line cannot
/// resume, start or end the guest. Breakpoints and watchpoints that lines have set are the
/// client's, but LLDB does not know them: a stop for one of them is reported in words.
class Monitor final : console::Target {
public:
    explicit Monitor(View& view);

    /// What a line answers with. An error is a text that begins with `error:`.
    std::string answer(std::string_view line);
    /// The client's stops are about to be removed: it leaves.
    void leave() { console_.stops().leave(); }
    /// What stopped the guest, with the numbers that lines use.
    std::string reason_text(const debug::StopReason& reason) const { return console_.reason_text(reason); }

private:
    debug::Client& client() override { return *view_.client(); }
    Result<void> check(console::Needs needs, std::string_view verb) override;
    std::vector<console::LoadedModule> modules() override;
    /// Those that LLDB numbers.
    std::vector<Frame> frames(uint32_t thread) override { return view_.frames(thread); }
    std::string place_text(const Module& module, CodeOffset offset, const Instance* like) override;
    std::string memory_text(const Instance& instance, uint32_t memory) override;
    std::string instance_text(const Instance& instance) override;
    std::optional<console::CodePlace> find_address(uint64_t number) override;
    uint32_t guessed_thread() override { return view_.thread(); }
    void select_thread(uint32_t thread) override { view_.select(thread); }
    std::string on_move(uint32_t thread) override;
    Result<uint32_t> add_watchpoint(debug::WatchpointSpec spec) override
    {
        return view_.add_watchpoint(std::move(spec));
    }

    View& view_;
    std::string text_;
    console::Console console_;
};

} // namespace vitrine::core::gdb
