// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/spectest.h"
#include "cli/wast_script.h"

#include "component/component.h"

#include "engine/engine.h"
#include "exec/invoke.h"

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace vitrine::cli {

/// The expected and the actual outcome of a command.
struct WastDifference {
    std::string expected;
    std::string got;
};
using WastVerdict = std::optional<WastDifference>;

/// Runs the commands of a script in one store.
class WastRunner {
public:
    WastRunner(const core::EngineConfig& config, std::filesystem::path folder)
        : engine_(std::make_shared<core::Engine>(config)), folder_(std::move(folder))
    {
        make_linker();
    }

    /// Empty if the command succeeds.
    WastVerdict run(const WastCommand& command);
    /// Whether the command needs an instance of a component, which does not exist yet. If so, skips
    /// it: later commands without a module of their own need it too.
    bool skips(const WastCommand& command);
    /// The guest thread that runs everything.
    core::Thread& thread() { return thread_; }

private:
    using Module = std::shared_ptr<const core::Module>;
    using Results = std::expected<std::vector<core::Value>, core::Failure>;

    WastVerdict run_module(const WastCommand& command);
    WastVerdict run_component(const WastCommand& command, std::vector<uint8_t> bytes);
    WastVerdict run_instance(const WastCommand& command);
    WastVerdict run_register(const WastCommand& command);
    WastVerdict run_action(const WastCommand& command);
    WastVerdict instantiate(const Module& module, const std::optional<std::string>& name);

    core::Result<core::Instance*> find_instance(const std::optional<std::string>& name) const;
    Results perform(const WastAction& action);
    Results get(const core::Instance& instance, const WastAction& action);
    Results invoke(const core::Instance& instance, const WastAction& action);
    /// Whether the results of a call are the expected ones.
    bool are_expected(const std::vector<core::Value>& results, const std::vector<WastValue>& expected);
    void make_linker();

    std::shared_ptr<core::Engine> engine_;
    std::filesystem::path folder_;
    core::GuestStore guest_ { engine_ };
    core::Thread& thread_ = guest_.thread;
    HostRefs host_refs_ { guest_.store };
    Spectest spectest_ { guest_.store };
    core::Linker linker_;

    std::map<std::string, Module> definitions_;
    Module last_definition_;
    /// Definitions that are components; the last definition is one; the current instance would be
    /// one.
    std::set<std::string> component_definitions_;
    bool is_last_component_ = false, is_current_component_ = false;
    std::map<std::string, core::Instance*> instances_;
    std::map<std::string, core::Instance*> registered_;
    /// The instance created last. Null if the last module failed.
    core::Instance* current_ = nullptr;
};

} // namespace vitrine::cli
