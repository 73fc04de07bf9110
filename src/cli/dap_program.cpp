// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/dap_program.h"

#include "cli/find_guest.h"
#include "cli/limits.h"
#include "cli/program.h"
#include "cli/symbol_finder.h"
#include "door/inner.h"
#include "dwarf/demangle.h"
#include "net/connect.h"

#include <algorithm>
#include <filesystem>
#include <mutex>

namespace vitrine::cli {

namespace {

using core::dap::LaunchSpec;

/// A public error as an inner one.
std::unexpected<core::Error> failure_of(const Error& error)
{
    return core::failure(error.message(), error.offset());
}

/// A path of the launch configuration.
std::string in_folder(const LaunchSpec& spec, const std::string& path)
{
    return spec.folder ? (std::filesystem::path(*spec.folder) / path).string() : path;
}

/// The path behind `=`, or in front of `::`, in the folder.
std::string in_folder(const LaunchSpec& spec, const std::string& text, std::string_view separator)
{
    const size_t at = text.find(separator);
    if (separator == "=")
        return at == text.npos ? text : text.substr(0, at + 1) + in_folder(spec, text.substr(at + 1));
    // The guest knows a directory by its name in the configuration.
    const std::string host = text.substr(0, at);
    return in_folder(spec, host) + "::" + (at == text.npos ? host : text.substr(at + separator.size()));
}

Result<GuestOptions> options_of(const LaunchSpec& spec)
{
    GuestOptions options;
    for (const std::string& folder : spec.folders)
        options.folders.push_back(in_folder(spec, folder, "::"));
    for (const std::string& folder : spec.read_only_folders)
        options.read_only_folders.push_back(in_folder(spec, folder, "::"));
    for (const auto& [name, value] : spec.environment)
        options.environment.push_back(value ? name + "=" + *value : name);
    if (spec.input)
        options.input = in_folder(spec, *spec.input);
    for (const std::string& preload : spec.preloads)
        options.preloads.push_back(in_folder(spec, preload, "="));
    if (spec.unknown_imports)
        options.unknown_imports = *spec.unknown_imports;
    options.features.list = spec.features.value_or("");
    options.invoke = spec.function;
    options.timeout = spec.timeout;
    for (const std::string& file : spec.debug_files)
        options.debug_info.files.push_back(in_folder(spec, file));
    for (const auto& [from, to] : spec.source_maps)
        options.debug_info.source_maps.push_back(from + "=" + in_folder(spec, to.value_or("")));
    std::vector<std::string> words { in_folder(spec, *spec.program) };
    words.insert(words.end(), spec.arguments.begin(), spec.arguments.end());
    options.name = *spec.program;
    CHECK(options.take(words));
    return options;
}

std::string path_of(const std::vector<core::debug::LoadedModule>& modules, const core::Module& module)
{
    const auto loaded = std::ranges::find_if(
        modules, [&](const core::debug::LoadedModule& each) { return each.module.get() == &module; });
    return loaded == modules.end() ? "" : loaded->path;
}

class DapRun final : public core::dap::Run {
public:
    DapRun(std::unique_ptr<Program> program, double seconds)
        : program_(std::move(program)), session_(program_->store()), seconds_(seconds)
    {}
    ~DapRun() override { limits_.reset(); }

    /// Not to be used after a failure.
    Result<void> open(const WasiConfig& wasi, std::shared_ptr<core::debug::SymbolFinder> symbols,
        const GuestOptions& options)
    {
        if (const Error* error = session_.error())
            return *error;
        inner_ = door::inner(session_);
        inner_->set_symbols(std::move(symbols));
        CHECK(program_->add_wasi(wasi));
        CHECK(program_->find_entry(options));
        return program_->check_imports();
    }

    core::debug::Session& session() override { return *inner_; }

    core::Result<void> start(bool stop_at_entry) override
    {
        if (seconds_ > 0) {
            limits_ = std::make_unique<Limits>(seconds_, false);
            limits_->watch([session = inner_] { session->kill(); });
        }
        return inner_->start(
            [this] {
                ending_ = program_->run();
                return door::outcome_of(*ending_ ? Result<std::vector<Val>>(std::vector<Val>())
                                                 : Result<std::vector<Val>>(ending_->error()));
            },
            stop_at_entry);
    }

    Ending ending() override
    {
        // Its thread may have had no memory for the results.
        if (!ending_)
            ending_ = Error("out of memory");
        if (limits_)
            limits_->stop();
        const auto limit = limits_ ? limits_->status() : std::nullopt;
        const Trap* const trap = *ending_ ? nullptr : ending_->error().trap();
        // Ends that somebody has asked for.
        const bool is_asked = trap && (trap->kind == TrapKind::Exit || trap->kind == TrapKind::Killed);
        const bool is_late = limit == status::timeout;
        return { .status = status_of(*ending_, limit),
            .text = text_of(*ending_) + (is_late ? ": its time is over (timeout)" : ""),
            .is_trap = !*ending_ && (!is_asked || is_late) };
    }

private:
    std::unique_ptr<Program> program_;
    /// Written by the program's thread, which the session ends.
    std::optional<Result<cli::Ending>> ending_;
    debug::Session session_;
    std::shared_ptr<core::debug::Session> inner_;
    const double seconds_;
    std::unique_ptr<Limits> limits_;
};

class DapProgram final : public core::dap::Program {
public:
    static Result<std::unique_ptr<DapProgram>> load(
        const LaunchSpec& spec, const core::dap::Launcher::Output& output)
    {
        GuestOptions options = TRY(options_of(spec));
        auto wasi = TRY(options.wasi());
        const double seconds = TRY(options.seconds());
        auto config = TRY(options.config());
        const Engine engine(config.guest_debug(true));
        auto binary = TRY(options.part.load(engine, options.module));
        CHECK(check_options(binary, options));
        auto preloads = TRY(options.load_preloads(engine));
        using enum core::dap::Launcher::Stream;
        const auto sink = [&](core::dap::Launcher::Stream stream) {
            return [output, stream](std::span<const std::byte> bytes) {
                output(stream, { reinterpret_cast<const char*>(bytes.data()), bytes.size() });
            };
        };
        wasi.stdout_to(sink(Out)).stderr_to(sink(Error));
        if (!options.input)
            wasi.stdin_text("");
        std::unique_ptr<DapProgram> program(new DapProgram(std::move(binary), engine, std::move(options)));
        program->folder_ = spec.folder.value_or("");
        program->seconds_ = seconds;
        program->wasi_ = std::move(wasi);
        program->preloads_ = std::move(preloads);
        program->modules_ = inner_modules(program->binary_, program->options_, program->preloads_);
        program->symbols_ = std::make_shared<SymbolFinder>(
            [&modules = program->modules_](
                const core::Module& module) { return SymbolFinder::File { path_of(modules, module) }; },
            program->options_.debug_info);
        return program;
    }

    const std::vector<core::debug::LoadedModule>& modules() const override { return modules_; }
    core::debug::Demangle demangle() const override { return core::dwarf::demangled; }
    core::source::PathOptions path_options(const core::Module& module) const override
    {
        // The configuration was checked before.
        auto paths =
            options_.debug_info.paths(path_of(modules_, module)).value_or(core::source::PathOptions());
        if (!folder_.empty())
            paths.working_folder = folder_;
        return paths;
    }

    void use_terminal(const core::dap::Terminal::Streams& streams) override
    {
        wasi_.stdout_to(streams.out.number()).stderr_to(streams.err.number());
        if (!options_.input)
            wasi_.stdin_from(streams.in.number());
    }

    core::Result<std::unique_ptr<core::dap::Run>> prepare() override
    {
        auto run =
            std::make_unique<DapRun>(cli::Program::create(engine_, binary_, options_, preloads_), seconds_);
        if (const auto opened = run->open(wasi_, symbols_, options_); !opened)
            return failure_of(opened.error());
        return run;
    }

private:
    DapProgram(Binary binary, const Engine& engine, GuestOptions options)
        : binary_(std::move(binary)), engine_(engine), options_(std::move(options))
    {}

    Binary binary_;
    Engine engine_;
    GuestOptions options_;
    std::string folder_;
    double seconds_ = 0;
    WasiConfig wasi_;
    Preloads preloads_;
    std::vector<core::debug::LoadedModule> modules_;
    std::shared_ptr<SymbolFinder> symbols_;
};

} // namespace

core::Result<std::unique_ptr<core::dap::Program>> DapLauncher::load(const LaunchSpec& spec, Output output)
{
    auto program = DapProgram::load(spec, output);
    if (!program)
        return failure_of(program.error());
    return *std::move(program);
}

core::Result<core::dap::Launcher::Attached> DapLauncher::attach(
    const core::dap::AttachSpec& spec, const Output&)
{
    auto address = [&]() -> core::Result<std::string> {
        if (spec.port.text)
            return *spec.port.text;
        if (spec.socket)
            // A name without a folder is a path, too.
            return spec.socket->contains('/') ? *spec.socket : "./" + *spec.socket;
        if (spec.process)
            return find_door(std::to_string(*spec.process));
        return find_door(spec.program ? *spec.program : spec.name.value_or(""));
    }();
    if (!address)
        return std::unexpected(address.error());
    auto socket = core::net::connect_to(*address);
    if (!socket)
        return std::unexpected(socket.error());
    return *std::move(socket);
}

} // namespace vitrine::cli
