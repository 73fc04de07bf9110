// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "source/paths.h"

#include <cstdint>
#include <ctime>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::source {

/// Larger files are not read: nobody looks at them in a debugger.
inline constexpr uint64_t max_source_bytes = uint64_t { 64 } << 20;

/// Reads a file that is not a device, pipe or folder. Errors name the path.
Result<std::vector<uint8_t>> read_regular_file(const std::string& path, uint64_t max_bytes);

/// The lines of a source file. Immutable.
class Text {
public:
    /// Fails for what is not text: it has a zero byte.
    static Result<std::shared_ptr<const Text>> of(std::string bytes);
    static Result<std::shared_ptr<const Text>> read(const std::string& path);

    uint32_t line_count() const { return static_cast<uint32_t>(starts_.size()); }
    /// A line without its end, counted from 1; empty if there is none. Its bytes are those of the
    /// file: not always UTF-8, and with tabs.
    std::string_view line(uint32_t number) const;
    std::string_view bytes() const { return bytes_; }

private:
    explicit Text(std::string bytes);

    std::string bytes_;
    std::vector<uint32_t> starts_;
};

/// The text of a source file, and where it is.
struct Source {
    std::shared_ptr<const Text> text;
    /// The path of the file; empty if only the debug information has the text.
    std::string path {};
    /// See `Paths::Found`.
    std::string warning {};
};

/// Finds and reads source files, and keeps those read last (at most 128 MiB). A file that was
/// written since is read again. Any thread may ask.
class Texts {
public:
    /// `paths` must outlive it.
    explicit Texts(Paths& paths) : paths_(paths) {}

    /// The source of a file of these symbols. `file` is its entry in `Summary::files`. A text
    /// in the debug information counts more than a file.
    Result<Source> find(Symbols& symbols, FileId id, const File& file);

private:
    struct Kept {
        std::string path;
        std::time_t seconds;
        long nanoseconds;
        std::shared_ptr<const Text> text;
    };

    Result<std::shared_ptr<const Text>> read(const std::string& path);

    Paths& paths_;
    std::mutex mutex_;
    /// The one asked for last comes first.
    std::list<Kept> kept_;
};

/// A line as a terminal shows it: tabs become spaces up to the next multiple of 8 columns; the rest
/// as in `printable`. Wide characters count as one column.
std::string shown_line(std::string_view line);

} // namespace vitrine::core::source
