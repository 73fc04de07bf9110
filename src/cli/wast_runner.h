// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/spectest.h"
#include "cli/wast_script.h"

#include "component/linker.h"

#include "engine/engine.h"
#include "exec/invoke.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>

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
    /// Whether the last command failed because it needs asynchronous components, or because an
    /// earlier one did. Those do not run yet.
    bool is_asynchronous() const { return is_asynchronous_; }
    /// The guest thread that runs everything.
    core::Thread& thread() { return thread_; }
    const core::Engine& engine() const { return *engine_; }
    /// The results of the last action on a module, or why it failed.
    std::string outcome_text() const;

private:
    using Module = std::shared_ptr<const core::Module>;
    using Results = std::expected<std::vector<core::Value>, core::Failure>;

    WastVerdict run_module(const WastCommand& command);
    using Component = std::shared_ptr<const core::component::Component>;

    WastVerdict run_command(const WastCommand& command);
    WastVerdict run_component(const WastCommand& command, std::vector<uint8_t> bytes);
    WastVerdict instantiate(const Component& component);
    WastVerdict run_component_action(const WastCommand& command);
    /// Notes whether a failure is for lack of asynchronous components.
    void look_at(const core::Failure& failure);
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

    std::map<std::string, std::variant<Module, Component>> definitions_;
    std::variant<Module, Component> last_definition_;
    /// Actions without a name concern it if it is not null.
    core::component::Instance* current_component_ = nullptr;
    bool is_component_expected_ = false;
    bool is_asynchronous_ = false, is_instance_asynchronous_ = false;
    std::map<std::string, core::Instance*> instances_;
    std::map<std::string, core::Instance*> registered_;
    /// The instance created last. Null if the last module failed.
    core::Instance* current_ = nullptr;
    std::optional<Results> outcome_;
};

} // namespace vitrine::cli
