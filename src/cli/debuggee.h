// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/limits.h"
#include "cli/message.h"
#include "cli/program.h"
#include "cli/symbol_finder.h"
#include "console/target.h"

#include <vitrine/vitrine.hpp>
#include <vitrine/wasi.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace vitrine::cli {

/// The program that the terminal's console debugs. It can be run again and again, each time in a
/// store and a session of its own.
class Debuggee final : public core::console::Target {
public:
    /// Takes the messages of breakpoints, on the guest's thread.
    using MessageSink = std::function<void(std::string_view)>;

    /// The options must outlive it.
    static Result<std::unique_ptr<Debuggee>> create(
        const Binary& binary, const Engine& engine, const GuestOptions& options, MessageSink sink);

    /// The status that `vitrine run` would end with; 0 while the program has not ended.
    int status() const { return status_; }
    /// Ends the program if it is stopped.
    void kill();
    /// Stops the program if it runs. From any thread.
    void interrupt();

    /// What the terminal knows and does.
    struct Front {
        /// Called before the program runs.
        std::function<void()> before_run {};
        std::function<std::vector<std::string>()> typed_lines {};
    };
    void set_front(Front front) { front_ = std::move(front); }

    core::debug::Client& client() override { return *life_->client; }
    core::Result<void> check(core::console::Needs needs, std::string_view verb) override;
    std::vector<core::console::LoadedModule> modules() override { return modules_; }
    std::string place_text(
        const core::Module& module, core::CodeOffset offset, const core::Instance* like) override;
    std::string module_suffix(const core::Module& module) override;
    core::console::Demangle demangle() override;
    core::source::PathOptions path_options(const core::Module& module) override;
    core::Result<void> run(
        const std::vector<std::string>& words, bool stop_at_entry, const Prepare& prepare) override;
    core::Result<void> resume(const core::debug::Resume& how) override;
    core::Result<void> call(const std::function<void()>& body, uint32_t thread) override;
    std::string end_text() override;
    std::vector<std::string> typed_lines() override
    {
        return front_.typed_lines ? front_.typed_lines() : std::vector<std::string>();
    }

private:
    /// What a run consists of.
    struct Life {
        explicit Life(std::unique_ptr<Program> runs);
        std::unique_ptr<Program> program;
        /// What the program ended with; written by its thread, which the session ends.
        std::optional<Result<Ending>> ending;
        debug::Session session;
        std::shared_ptr<core::debug::Session> inner;
        std::unique_ptr<core::debug::Client> client;
    };

    Debuggee(const Binary& binary, const Engine& engine, const GuestOptions& options, MessageSink sink)
        : binary_(binary), engine_(engine), options_(options), sink_(std::move(sink))
    {}
    Result<void> begin_life();
    Result<void> start(const GuestOptions& options, bool stop_at_entry, const Prepare& prepare);
    core::Result<void> wait();
    void before_run() const;

    Binary binary_;
    Engine engine_;
    const GuestOptions& options_;
    /// What each run gets: the same listeners, too.
    WasiConfig wasi_;
    Preloads preloads_;
    std::vector<core::console::LoadedModule> modules_;
    /// Kept from run to run.
    std::shared_ptr<SymbolFinder> symbols_;
    MessageSink sink_;
    Front front_;
    /// Keeps `life_` alive while `interrupt` uses it.
    std::mutex mutex_;
    std::unique_ptr<Life> life_;
    std::unique_ptr<Limits> limits_;
    bool has_ended_ = false;
    int status_ = 0;
};

} // namespace vitrine::cli
