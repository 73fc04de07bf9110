// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace vitrine::cli {

/// Shows answers on stdout. An answer that is longer than the screen goes through a pager:
/// `$PAGER`, or else `less -FRX`.
class Pager {
public:
    Pager() = default;
    ~Pager() { end(); }
    Pager(const Pager&) = delete;
    Pager& operator=(const Pager&) = delete;

    /// An answer begins that may go through the pager if it has more lines than this; 0 for the
    /// lines of the terminal.
    void begin(uint64_t lines);
    /// A line of it. Outside of an answer, it is shown at once.
    void write(std::string_view line);
    /// The answer has ended, or the guest is about to write: shows what is left, and waits until
    /// the user has left the pager.
    void end();

    /// The number of lines on the terminal; 0 if it is none.
    static uint64_t screen_lines();

private:
    enum class State : uint8_t { Direct, Collecting, Piping };

    bool start();
    void pass(std::string_view text);

    State state_ = State::Direct;
    /// The answer so far, in case that the pager turns out to be no program.
    std::string text_;
    uint64_t rows_ = 0, max_rows_ = 0, columns_ = 0;
    pid_t process_ = 0;
    int pipe_ = -1;
    bool has_failed_ = false;
};

} // namespace vitrine::cli
