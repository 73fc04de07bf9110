// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "source/paths.h"

#include "base/text.h"
#include "source/md5.h"
#include "source/text.h"

#include <algorithm>
#include <filesystem>

#include <sys/stat.h>

namespace vitrine::core::source {

namespace {

/// How many paths one search may ask the system about.
constexpr uint32_t max_questions = 2000;
/// Systems have no longer paths.
constexpr size_t max_path_bytes = 4096;
/// How far above a folder its project may begin.
constexpr int max_parents = 32;
/// Files are remembered, but hostile debug information names any number of them.
constexpr size_t max_known = 10'000;
constexpr size_t max_learned = 100;
/// Sources that are saved while the compiler runs get the same time as the module.
constexpr std::time_t tolerated_seconds = 2;

/// What a folder has that is the root of a project: version control, or a package of a language.
constexpr std::string_view root_marks[] = { ".git", ".hg", ".svn", ".jj", "Cargo.toml", "go.mod",
    "package.json", "build.zig" };

/// Parts of paths of toolchains and registries.
constexpr std::string_view library_parts[] = { "/rustc/", "/.cargo/", "/cargo/registry/", "/rustlib/",
    "/c++/v1/", "/wasi-libc/", "/libc-top-half/", "/libc-bottom-half/", "/dlmalloc/src/", "/wasi-sdk",
    "/wasi-sysroot/", "/wasm32-wasi/", "/compiler-rt/", "/libcxx/", "/libcxxabi/", "/libunwind/",
    "/node_modules/", "/emscripten/", "/lib/zig/", "/lib/std/", "/lib/clang/", "/~lib/", "/usr/local/go/src/",
    "/lib/go-", "/pkg/mod/" };

/// With `/` between its components, also if it was recorded on Windows, and without `.` and `..`.
std::string normal(std::string path)
{
    const bool has_drive = path.size() > 2 && path[1] == ':' && (path[2] == '\\' || path[2] == '/');
    if (has_drive || path.starts_with("\\\\"))
        std::ranges::replace(path, '\\', '/');
    return std::filesystem::path(std::move(path)).lexically_normal().string();
}

bool is_absolute(std::string_view path)
{
    return path.starts_with('/') || (path.size() > 2 && path[1] == ':' && path[2] == '/');
}

std::string joined(std::string_view folder, std::string_view path)
{
    std::string result(folder);
    if (!result.empty() && !result.ends_with('/'))
        result += '/';
    return normal(result + std::string(path));
}

std::optional<struct stat> stat_of(const std::string& path)
{
    struct stat info;
    if (::stat(path.c_str(), &info) != 0)
        return std::nullopt;
    return info;
}

bool is_root(const std::string& folder)
{
    return std::ranges::any_of(
        root_marks, [&](std::string_view mark) { return stat_of(joined(folder, mark)).has_value(); });
}

/// The folder and its parents up to the root of its project. Without a project, one parent: modules
/// are often built into a folder of the sources.
std::vector<std::string> folders_above(const std::string& folder)
{
    std::vector<std::string> folders;
    std::filesystem::path path(folder);
    for (int i = 0; i < max_parents && path.has_relative_path(); ++i, path = path.parent_path()) {
        folders.push_back(path.string());
        if (is_root(folders.back()))
            return folders;
    }
    folders.resize(std::min<size_t>(folders.size(), 2));
    return folders;
}

/// What follows the prefix, which ends where a component ends; none if the path does not begin so.
std::optional<std::string_view> rest_after(std::string_view path, std::string_view prefix)
{
    if (prefix.empty() || !path.starts_with(prefix))
        return std::nullopt;
    std::string_view rest = path.substr(prefix.size());
    if (rest.empty() || prefix.ends_with('/'))
        return rest;
    if (!rest.starts_with('/'))
        return std::nullopt;
    return rest.substr(1);
}

/// The path without its first component; empty if there is only one.
std::string_view without_first(std::string_view path)
{
    const size_t slash = path.find('/');
    return slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
}

} // namespace

struct Paths::Search {
    const File& file;
    /// The recorded path, and the same relative to the compiler's directory if it is not absolute.
    std::string recorded, whole;
    uint32_t questions = 0;
};

Result<PathMapping> parse_mapping(std::string_view text)
{
    const size_t sign = text.find('=');
    if (sign == std::string_view::npos || sign == 0)
        return failure("expected FROM=TO, such as /build/app=/home/me/app");
    PathMapping mapping { normal(std::string(text.substr(0, sign))), std::string(text.substr(sign + 1)) };
    if (mapping.to.empty())
        return failure("the folder behind `=` is missing");
    return mapping;
}

bool is_library_path(std::string_view path)
{
    return path.starts_with("~lib/")
        || std::ranges::any_of(library_parts, [&](std::string_view part) { return path.contains(part); });
}

Paths::Paths(PathOptions options) : options_(std::move(options)) {}

Result<Paths::Found> Paths::find(const File& file)
{
    const std::lock_guard lock(mutex_);
    const Key key(file.directory, file.path, file.md5);
    if (const auto known = known_.find(key); known != known_.end())
        return known->second;
    auto found = search(file);
    if (known_.size() >= max_known)
        known_.clear();
    auto kept = found;
    if (kept)
        kept->warning.clear();
    known_.emplace(key, std::move(kept));
    return found;
}

void Paths::add(PathMapping mapping)
{
    const std::lock_guard lock(mutex_);
    mapping.from = normal(std::move(mapping.from));
    options_.mappings.push_back(std::move(mapping));
    known_.clear();
}

std::vector<PathMapping> Paths::learned() const
{
    const std::lock_guard lock(mutex_);
    return learned_;
}

Result<Paths::Found> Paths::search(const File& file)
{
    if (file.path.empty() || file.path.contains('\0') || file.directory.contains('\0'))
        return failure("the debug information names no file");
    if (file.path.size() + file.directory.size() > max_path_bytes)
        return failure("the path of the file is too long");
    Search search { .file = file, .recorded = normal(file.path), .whole = {} };
    search.whole =
        is_absolute(search.recorded) ? search.recorded : joined(normal(file.directory), search.recorded);
    if (auto found = find_mapped(search, options_.mappings, false))
        return *std::move(found);
    if (auto found = find_in_sysroot(search))
        return *std::move(found);
    if (auto found = find_recorded(search))
        return *std::move(found);
    if (auto found = find_mapped(search, learned_, true))
        return *std::move(found);
    if (auto found = find_by_end(search))
        return *std::move(found);
    return failure("no file " + printable(search.whole)
        + ", and none like it near the module: " + "--source-map FROM=TO says where it is");
}

std::optional<Paths::Found> Paths::find_mapped(
    Search& search, const std::vector<PathMapping>& mappings, bool must_match) const
{
    std::vector<const PathMapping*> fitting;
    for (const PathMapping& mapping : mappings)
        if (rest_after(search.whole, mapping.from) || rest_after(search.recorded, mapping.from))
            fitting.push_back(&mapping);
    // Those of the same length stay in the user's order: they are elements of one vector.
    std::ranges::sort(fitting, [](const PathMapping* one, const PathMapping* other) {
        return one->from.size() != other->from.size() ? one->from.size() > other->from.size() : one < other;
    });
    for (const PathMapping* mapping : fitting) {
        auto rest = rest_after(search.whole, mapping->from);
        if (!rest)
            rest = rest_after(search.recorded, mapping->from);
        if (auto found = check(search, joined(mapping->to, *rest), must_match))
            return found;
    }
    return std::nullopt;
}

std::optional<Paths::Found> Paths::find_in_sysroot(Search& search)
{
    const auto rest = rest_after(search.whole, "/rustc/");
    const std::string_view inside = rest ? without_first(*rest) : std::string_view();
    if (inside.empty() || !options_.rust_sysroot)
        return std::nullopt;
    if (!sysroot_)
        sysroot_ = options_.rust_sysroot();
    if (sysroot_->empty())
        return std::nullopt;
    return check(search, joined(joined(*sysroot_, "lib/rustlib/src/rust"), inside), false);
}

std::optional<Paths::Found> Paths::find_recorded(Search& search) const
{
    if (is_absolute(search.whole))
        if (auto found = check(search, search.whole, false))
            return found;
    if (is_absolute(search.recorded))
        return std::nullopt;
    for (const std::string& folder : { options_.module_folder, options_.working_folder })
        if (!folder.empty())
            if (auto found = check(search, joined(folder, search.recorded), false))
                return found;
    return std::nullopt;
}

std::optional<Paths::Found> Paths::find_by_end(Search& search)
{
    if (is_library_path(search.whole) && !search.file.md5)
        return std::nullopt;
    std::string_view end = search.whole;
    end.remove_prefix(std::min(end.find_first_not_of('/'), end.size()));
    for (; !end.empty(); end = without_first(end))
        for (const std::string& folder : search_folders()) {
            const bool is_beside = folder == options_.module_folder || folder == options_.working_folder;
            if (!end.contains('/') && !is_beside && !search.file.md5)
                continue;
            if (auto found = check(search, joined(folder, end), true)) {
                learn(search, folder, end);
                return found;
            }
        }
    return std::nullopt;
}

/// The file at the path, if it is a regular file. `must_match`: not if it is known to be another.
std::optional<Paths::Found> Paths::check(Search& search, const std::string& path, bool must_match) const
{
    if (++search.questions > max_questions)
        return std::nullopt;
    const auto info = stat_of(path);
    if (!info || !S_ISREG(info->st_mode))
        return std::nullopt;
    Found found { .path = path };
    if (search.file.md5) {
        const auto bytes = read_regular_file(path, max_source_bytes);
        if (!bytes || md5_of(*bytes) == *search.file.md5)
            return found;
        if (must_match)
            return std::nullopt;
        found.warning = printable(path) + " has changed since the module was compiled";
    } else if (options_.module_time && info->st_mtime > *options_.module_time + tolerated_seconds) {
        found.warning = printable(path) + " is newer than the module";
    }
    return found;
}

/// Files with the same beginning of the recorded path are probably in the same folder.
void Paths::learn(const Search& search, std::string_view folder, std::string_view end)
{
    std::string_view from(search.whole);
    from.remove_suffix(end.size());
    if (from.size() > 1 && from.ends_with('/'))
        from.remove_suffix(1);
    PathMapping mapping { std::string(from), std::string(folder) };
    if (!from.empty() && from != "/" && learned_.size() < max_learned
        && std::ranges::find(learned_, mapping) == learned_.end())
        learned_.push_back(std::move(mapping));
}

const std::vector<std::string>& Paths::search_folders()
{
    if (search_folders_)
        return *search_folders_;
    search_folders_.emplace();
    const auto add = [&](std::vector<std::string> folders) {
        for (std::string& folder : folders)
            if (std::ranges::find(*search_folders_, folder) == search_folders_->end())
                search_folders_->push_back(std::move(folder));
    };
    for (const std::string& folder : { options_.module_folder, options_.working_folder })
        if (!folder.empty())
            add(folders_above(folder));
    add(options_.folders);
    return *search_folders_;
}

} // namespace vitrine::core::source
