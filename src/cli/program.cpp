// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/program.h"

#include "cli/component_guest.h"
#include "door/inner.h"

namespace vitrine::cli {

namespace {

class ModuleProgram final : public Program {
public:
    ModuleProgram(
        const Engine& engine, const Module& module, const GuestOptions& options, const Preloads& preloads)
        : Program(engine), linker_(engine), module_(module), preloads_(preloads)
    {
        options.treat_unknown_imports(linker_, module_, preloads);
    }

    Result<void> add_wasi(const WasiConfig& config) override
    {
        return vitrine::add_wasi(linker_, store_, config);
    }

    Result<void> find_entry(const GuestOptions& options) override
    {
        entry_ = TRY(cli::find_entry(module_, options));
        entry_.preloads = preloads_;
        return {};
    }

    Result<void> check_imports() override { return cli::check_imports(linker_, store_, module_, entry_); }

    Result<Ending> run() override
    {
        const auto results = run_guest(linker_, store_, module_, entry_);
        if (!results)
            return results.error();
        Ending ending;
        for (const Val& result : *results)
            ending.results.push_back({ std::string(to_text(result.kind())), result.to_text() });
        return ending;
    }

private:
    Linker linker_;
    const Module module_;
    const Preloads& preloads_;
    Entry entry_ {};
};

class ComponentProgram final : public Program {
public:
    ComponentProgram(const Engine& engine, const LoadedComponent& loaded, const GuestOptions& options)
        : Program(engine), linker_(engine), loaded_(loaded)
    {
        linker_.trap_unknown_functions(options.unknown_imports == "trap");
    }

    Result<void> add_wasi(const WasiConfig& config) override
    {
        return vitrine::add_wasi(linker_, store_, config);
    }

    Result<void> find_entry(const GuestOptions& options) override
    {
        entry_ = TRY(cli::find_entry(loaded_, options));
        return {};
    }

    Result<void> check_imports() override { return linker_.check(store_, loaded_.component); }

    Result<Ending> run() override
    {
        auto end = run_guest(linker_, store_, loaded_, entry_);
        if (!end)
            return end.error();
        Ending ending { .results = {}, .status = end->has_failed ? 1 : 0 };
        if (!end->text.empty())
            ending.results.push_back({ std::move(end->type), std::move(end->text) });
        return ending;
    }

private:
    ComponentLinker linker_;
    const LoadedComponent loaded_;
    ComponentEntry entry_ {};
};

} // namespace

std::unique_ptr<Program> Program::create(
    const Engine& engine, const Binary& binary, const GuestOptions& options, const Preloads& preloads)
{
    if (const auto* loaded = std::get_if<LoadedComponent>(&binary))
        return std::make_unique<ComponentProgram>(engine, *loaded, options);
    return std::make_unique<ModuleProgram>(engine, std::get<Module>(binary), options, preloads);
}

debug::Event Program::run_in(debug::Session& session, Result<Ending>& ending, bool stop_at_entry)
{
    const auto body = [this, &ending]() -> Result<std::vector<Val>> {
        ending = run();
        if (!ending)
            return ending.error();
        return std::vector<Val> {};
    };
    return session.run(body, stop_at_entry);
}

Result<void> check_options(const Binary& binary, const GuestOptions& options)
{
    return std::holds_alternative<LoadedComponent>(binary) ? check_options(options) : Result<void>();
}

int status_of(const Result<Ending>& ending, const std::optional<int>& limit)
{
    if (ending)
        return ending->status;
    const Trap* trap = ending.error().trap();
    if (!trap)
        return status::refused;
    switch (trap->kind) {
    case TrapKind::Exit: return trap->exit_status & 0xff;
    case TrapKind::Killed: return limit.value_or(status::killed);
    default: return status::trap;
    }
}

std::string text_of(const Result<Ending>& ending)
{
    if (ending) {
        std::string text;
        for (const auto& [type, value] : ending->results)
            text += (text.empty() ? ": " : ", ") + value;
        return "exited" + text + (ending->status == 0 ? "" : fmt::format(" with status {}", ending->status));
    }
    const Trap* trap = ending.error().trap();
    if (!trap)
        return "refused: " + ending.error().to_text();
    if (trap->kind == TrapKind::Exit)
        return fmt::format("exited with status {}", trap->exit_status);
    return trap->kind == TrapKind::Killed ? "killed" : "trap: " + trap->text;
}

std::vector<LoadedModule> modules_of(
    const Binary& binary, const GuestOptions& options, const Preloads& preloads)
{
    if (const auto* loaded = std::get_if<LoadedComponent>(&binary))
        return modules_of(*loaded);
    std::vector<LoadedModule> modules { { std::get<Module>(binary), options.module } };
    for (const auto& [name, preload] : preloads)
        modules.push_back(preload);
    return modules;
}

std::vector<core::console::LoadedModule> inner_modules(
    const Binary& binary, const GuestOptions& options, const Preloads& preloads)
{
    if (const auto* module = std::get_if<Module>(&binary))
        return inner_modules(*module, options, preloads);
    std::vector<core::console::LoadedModule> modules;
    for (const LoadedModule& loaded : modules_of(std::get<LoadedComponent>(binary)))
        modules.push_back({ door::inner(loaded.module), loaded.path, loaded.name });
    return modules;
}

} // namespace vitrine::cli
