// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "source/symbols.h"

#include <array>
#include <cstdint>
#include <ctime>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace vitrine::core::source {

/// Files whose recorded path begins with `from` are at `to` and the rest of the path.
struct PathMapping {
    std::string from, to;

    friend bool operator==(const PathMapping&, const PathMapping&) = default;
};

/// Parses `FROM=TO`.
Result<PathMapping> parse_mapping(std::string_view text);

/// Whether the file belongs to a toolchain or to a registry of packages rather than to the program:
/// `/rustc/HASH/library/core/src/option.rs`.
bool is_library_path(std::string_view path);

/// Where sources may be. Folders may be empty if they are unknown.
struct PathOptions {
    std::vector<PathMapping> mappings {};
    std::string module_folder {};
    std::string working_folder {};
    /// Further folders to search, such as those of an editor's workspace.
    std::vector<std::string> folders {};
    /// When the module was written. Sources that are newer may not be what was compiled.
    std::optional<std::time_t> module_time {};
    /// The folder of Rust's sysroot, or empty. Asked for at most once, if a file needs it.
    std::function<std::string()> rust_sysroot {};
};

/// [doc] Where a source file is
///
/// Debug information records the path of a file on the machine that compiled it. `Paths` looks, in
/// this order:
///
/// 1. where the user's mappings say, the one with the longest `from` first;
/// 2. for `/rustc/HASH/...`, in the sysroot of rustc;
/// 3. at the recorded path, then relative to the module's and the working folder;
/// 4. where mappings say that were learned from files found by 5;
/// 5. for an end of the path, the longest first, below the module's folder and its parents up to
///    the root of the project, and below the other folders. Not for files of libraries: each
///    package of Rust has a `src/lib.rs`.
///
/// A file with a known MD5 digest must have it to be found by 4 or 5. The name alone, without a
/// folder, is enough only beside the module or in the working folder, unless the digest is equal.
class Paths {
public:
    explicit Paths(PathOptions options);

    struct Found {
        std::string path;
        /// A sentence if the file does not seem to be what was compiled. Only for the first who
        /// asks for the file; empty for later ones.
        std::string warning {};
    };
    /// Fails with a sentence that says where the file was expected. Any thread may ask.
    Result<Found> find(const File& file);

    /// Adds a mapping of the user and forgets what was not found. Any thread may call it.
    void add(PathMapping mapping);
    /// The mappings that were learned, for messages and tests.
    std::vector<PathMapping> learned() const;

private:
    using Key = std::tuple<std::string, std::string, std::optional<std::array<uint8_t, 16>>>;
    /// What one search may still do, and what it knows of the file.
    struct Search;

    Result<Found> search(const File& file);
    std::optional<Found> find_mapped(
        Search& search, const std::vector<PathMapping>& mappings, bool must_match) const;
    std::optional<Found> find_in_sysroot(Search& search);
    std::optional<Found> find_recorded(Search& search) const;
    std::optional<Found> find_by_end(Search& search);
    std::optional<Found> check(Search& search, const std::string& path, bool must_match) const;
    void learn(const Search& search, std::string_view folder, std::string_view end);
    const std::vector<std::string>& search_folders();

    PathOptions options_;
    mutable std::mutex mutex_;
    std::map<Key, Result<Found>> known_;
    std::vector<PathMapping> learned_;
    std::optional<std::string> sysroot_;
    std::optional<std::vector<std::string>> search_folders_;
};

} // namespace vitrine::core::source
