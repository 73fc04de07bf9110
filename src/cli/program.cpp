// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/program.h"

#include "cli/component_guest.h"

namespace vitrine::cli {

namespace {

class ModuleProgram : public Program {
public:
    ModuleProgram(const Engine& engine, Module module, Entry entry, const GuestOptions& options)
        : Program(engine),
          linker_(engine),
          module_(std::move(module)),
          entry_(std::move(entry)),
          options_(options)
    {
        options.treat_unknown_imports(linker_, module_, entry_.preloads);
    }

    Result<void> add_wasi(WasiConfig config) override
    {
        if (auto listening = options_.listen(config); !listening)
            return listening;
        return vitrine::add_wasi(linker_, store_, config);
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

    std::vector<LoadedModule> modules() const override { return modules_of(module_, options_, entry_); }
    size_t own_modules() const override { return 1; }

private:
    Linker linker_;
    const Module module_;
    const Entry entry_;
    const GuestOptions& options_;
};

class ComponentProgram : public Program {
public:
    ComponentProgram(
        const Engine& engine, LoadedComponent loaded, ComponentEntry entry, const GuestOptions& options)
        : Program(engine), linker_(engine), loaded_(std::move(loaded)), entry_(std::move(entry))
    {
        linker_.trap_unknown_functions(options.unknown_imports == "trap");
    }

    Result<void> add_wasi(WasiConfig config) override { return vitrine::add_wasi(linker_, store_, config); }
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

    std::vector<LoadedModule> modules() const override { return modules_of(loaded_); }
    size_t own_modules() const override { return modules().size(); }

private:
    ComponentLinker linker_;
    const LoadedComponent loaded_;
    const ComponentEntry entry_;
};

/// The entry; or nothing, if that was reported.
template<class Found> auto entry_or_report(Found found, const GuestOptions& options, int& status)
{
    if (!found)
        status = options.invoke ? usage_error(found.error(), "run") : report(found.error());
    return found;
}

} // namespace

std::unique_ptr<Program> Program::create(
    const Engine& engine, const Binary& binary, const GuestOptions& options, int& status)
{
    if (const auto* loaded = std::get_if<LoadedComponent>(&binary)) {
        if (auto fits = check_options(options); !fits) {
            status = usage_error(fits.error(), "run");
            return nullptr;
        }
        auto entry = entry_or_report(find_entry(*loaded, options), options, status);
        return entry ? std::make_unique<ComponentProgram>(engine, *loaded, *std::move(entry), options)
                     : nullptr;
    }
    const Module& module = std::get<Module>(binary);
    auto entry = entry_or_report(find_entry(module, options), options, status);
    if (!entry)
        return nullptr;
    auto preloads = options.load_preloads(engine);
    if (!preloads) {
        status = report(preloads.error());
        return nullptr;
    }
    entry->preloads = *std::move(preloads);
    return std::make_unique<ModuleProgram>(engine, module, *std::move(entry), options);
}

} // namespace vitrine::cli
