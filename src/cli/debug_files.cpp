// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/debug_files.h"

#include "base/text.h"
#include "source/reader_process.h"
#include "source/text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

namespace vitrine::cli {

namespace {

using core::Bytes;

constexpr uint64_t max_file_bytes = UINT32_MAX;
constexpr uint8_t code_section = 10;

/// What tells whether two files belong together, and what a file has.
struct Traits {
    bool is_module = false, has_dwarf = false, is_split = false;
    Bytes build_id {};
    std::optional<uint64_t> code_bytes {};
};

void add_section(Traits& traits, std::string_view name, Bytes content)
{
    if (name == ".debug_info" || name == ".debug_line")
        traits.has_dwarf = true;
    else if (name == ".debug_info.dwo" || name == ".debug_cu_index")
        traits.is_split = true;
    else if (name == "build_id")
        traits.build_id = content;
}

Traits traits_of(const core::Module& module)
{
    Traits traits { .is_module = true };
    for (const core::CustomSection& section : module.customs)
        add_section(traits, section.name, section.bytes);
    for (const core::Section& section : module.sections)
        if (section.id == code_section)
            traits.code_bytes = section.size;
    return traits;
}

/// Reads the headers of sections, up to the first malformed one.
core::Result<void> read_traits(Bytes file, Traits& traits)
{
    constexpr uint8_t begin[] = { 0, 'a', 's', 'm', 1, 0, 0, 0 };
    core::ByteReader in(file);
    traits.is_module = std::ranges::equal(TRY(in.bytes(sizeof begin)), begin);
    while (traits.is_module && !in.at_end()) {
        const uint8_t id = TRY(in.byte());
        core::ByteReader content = TRY(in.sub_reader(TRY(in.length())));
        if (id == code_section)
            traits.code_bytes = content.remaining();
        else if (id == 0) {
            const std::string_view name = TRY(content.name());
            add_section(traits, name, TRY(content.bytes(content.remaining())));
        }
    }
    return {};
}

std::string id_text(Bytes build_id)
{
    // The length precedes the bytes.
    return core::hex_of(build_id.subspan(std::min<size_t>(1, build_id.size())));
}

/// Why the file cannot have the debug information of the module; empty if it can.
std::string refusal_of(const Traits& module, const Traits& file)
{
    if (!file.is_module)
        return "";
    if (!file.has_dwarf && !file.is_split)
        return "it has no debug information";
    if (!module.build_id.empty() && !file.build_id.empty())
        return std::ranges::equal(module.build_id, file.build_id)
            ? ""
            : "it belongs to another module: its build id is " + id_text(file.build_id)
                + ", that of the module is " + id_text(module.build_id);
    if (module.code_bytes && file.code_bytes && *module.code_bytes != *file.code_bytes)
        return "it belongs to another module: its code has " + std::to_string(*file.code_bytes)
            + " bytes, that of the module has " + std::to_string(*module.code_bytes);
    return "";
}

/// The path without the ending `.wasm`.
std::string stem_of(const std::string& path)
{
    constexpr std::string_view ending = ".wasm";
    return path.ends_with(ending) ? path.substr(0, path.size() - ending.size()) : path;
}

/// Looks at files one by one.
class Finder {
public:
    explicit Finder(const core::Module& module) : module_(traits_of(module)) {}

    const Traits& module() const { return module_; }
    /// Takes the file if it can be used. `must_exist`: says so if it is not there.
    /// A package of split debug information is kept, but is not what is looked for.
    bool take(const std::string& path, bool must_exist)
    {
        struct stat info;
        if (!must_exist && ::stat(path.c_str(), &info) != 0)
            return false;
        auto bytes = core::source::read_regular_file(path, max_file_bytes);
        if (!bytes) {
            found_.problems.push_back("debug information: " + bytes.error().message);
            return false;
        }
        Traits traits;
        // What can be read of a malformed file may still be useful.
        (void)read_traits(*bytes, traits);
        if (const std::string refusal = refusal_of(module_, traits); !refusal.empty()) {
            found_.problems.push_back(core::printable(path) + " is not used: " + refusal);
            return false;
        }
        const bool is_package = traits.is_split && !traits.has_dwarf;
        (is_package ? found_.package : found_.file) =
            DebugFile { path, std::make_shared<const std::vector<uint8_t>>(*std::move(bytes)) };
        return !is_package;
    }
    /// Looks for a package beside the module, unless there is one.
    void find_package(const std::string& path)
    {
        for (const std::string& name : { stem_of(path) + ".dwp", path + ".dwp" })
            if (!found_.package && !path.empty())
                take(name, false);
    }
    void report(std::string problem) { found_.problems.push_back(std::move(problem)); }
    void forget_problems() { found_.problems.clear(); }
    FoundDebugFile result() { return std::move(found_); }

private:
    Traits module_;
    FoundDebugFile found_;
};

/// The file name in a custom section: its length precedes it.
std::string name_in(const core::Module& module, std::string_view section)
{
    for (const core::CustomSection& custom : module.customs)
        if (custom.name == section) {
            core::ByteReader in(custom.bytes);
            return std::string(in.name().value_or(std::string_view()));
        }
    return "";
}

bool has_scheme(std::string_view url)
{
    const size_t colon = url.find(':');
    return colon != std::string_view::npos && url.find('/') > colon;
}

/// A file that a module names, relative to the folder of the module.
std::string beside(const std::string& module_path, const std::string& name)
{
    return (std::filesystem::path(module_path).parent_path() / name).string();
}

void find_map(Finder& finder, const core::Module& module, const std::string& path)
{
    const std::string url = name_in(module, "sourceMappingURL");
    // The reader decodes it.
    if (url.starts_with("data:"))
        return;
    if (url.starts_with("file://"))
        finder.take(url.substr(std::string_view("file://").size()), true);
    else if (has_scheme(url))
        finder.report("the source map of " + core::printable(path) + " is at " + core::printable(url)
            + ", which is not fetched; --debug-info FILE says where a copy is");
    else if (url.empty() || !finder.take(beside(path, url), false))
        finder.take(path + ".map", false);
}

/// Looks at the files that the module names, and beside it.
void find_elsewhere(Finder& finder, const core::Module& module, const std::string& path)
{
    const std::string external = name_in(module, "external_debug_info");
    if (!external.empty() && finder.take(beside(path, external), true))
        return;
    // A core module of a component has no files of its own beside it.
    if (!module.is_whole_file() || !finder.take(stem_of(path) + ".debug.wasm", false))
        find_map(finder, module, path);
}

/// The output of `rustc --print sysroot`; empty if there is no rustc.
std::string rust_sysroot()
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> output(
        ::popen("rustc --print sysroot 2>/dev/null", "r"), &::pclose);
    std::array<char, 4096> line {};
    if (!output || !std::fgets(line.data(), line.size(), output.get()))
        return "";
    const std::string text(line.data());
    return text.substr(0, text.find('\n'));
}

} // namespace

void DebugInfoOptions::add_to(CLI::App& app)
{
    app.add_option("--debug-info", files, "A file with the debug information of a module, or a source map")
        ->type_name("FILE")
        ->allow_extra_args(false);
    app.add_option("--source-map", source_maps, "Sources whose recorded path begins with FROM are in TO")
        ->type_name("FROM=TO")
        ->allow_extra_args(false);
    app.add_option(
           "--debug-memory", memory, "Index of the memory with the variables of the source (default 0)")
        ->type_name("INDEX");
}

core::Result<std::vector<core::source::PathMapping>> DebugInfoOptions::mappings() const
{
    std::vector<core::source::PathMapping> mappings;
    for (const std::string& text : source_maps) {
        auto mapping = core::source::parse_mapping(text);
        if (!mapping)
            return core::failure("--source-map " + core::printable(text) + ": " + mapping.error().message);
        mappings.push_back(*std::move(mapping));
    }
    return mappings;
}

core::Result<core::source::PathOptions> DebugInfoOptions::paths(const std::string& module_path) const
{
    std::error_code error;
    core::source::PathOptions options { .mappings = TRY(mappings()),
        .working_folder = std::filesystem::current_path(error).string(),
        .rust_sysroot = rust_sysroot };
    struct stat info;
    if (module_path.empty() || ::stat(module_path.c_str(), &info) != 0)
        return options;
    options.module_folder = std::filesystem::absolute(module_path, error).parent_path().string();
    if (S_ISREG(info.st_mode))
        options.module_time = info.st_mtime;
    return options;
}

FoundDebugFile find_debug_file(
    const core::Module& module, const std::string& module_path, const DebugInfoOptions& options)
{
    Finder finder(module);
    bool is_found = false;
    for (const std::string& file : options.files)
        is_found = is_found || finder.take(file, true);
    // The other files may belong to other modules.
    if (is_found)
        finder.forget_problems();
    if (!is_found && !finder.module().has_dwarf && !module_path.empty())
        find_elsewhere(finder, module, module_path);
    if (module.is_whole_file())
        finder.find_package(module_path);
    return finder.result();
}

std::optional<std::vector<uint8_t>> find_split_file(
    core::source::Paths& paths, const std::string& name, const std::string& directory)
{
    const auto found = paths.find({ .path = name, .directory = directory });
    auto bytes = found ? core::source::read_regular_file(found->path, core::source::max_split_bytes)
                       : std::unexpected(found.error());
    return bytes ? std::optional(*std::move(bytes)) : std::nullopt;
}

} // namespace vitrine::cli
