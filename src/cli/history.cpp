// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/history.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

// The format is that of libedit: a first line that names it, then one line per entry, with spaces,
// line feeds and backslashes escaped.

namespace vitrine::cli {

namespace {

constexpr std::string_view header = "_HiStOrY_V2_\n";
/// Only this many bytes at the end of a longer file are read.
constexpr off_t max_bytes = off_t { 1 } << 20;

/// The open and locked history file. Neither open nor locked if the file cannot be used.
class LockedFile {
public:
    explicit LockedFile(const std::string& path)
    {
        if (path.empty())
            return;
        // Opening a FIFO or a device must not block.
        file_ = ::open(
            path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, S_IRUSR | S_IWUSR);
        if (file_ < 0)
            return;
        if (::fstat(file_, &status_) != 0 || !S_ISREG(status_.st_mode)) {
            ::close(file_);
            file_ = -1;
            return;
        }
        constexpr int attempts = 20;
        constexpr useconds_t pause = 5000;
        for (int i = 0; i < attempts && !is_locked_; ++i) {
            is_locked_ = ::flock(file_, LOCK_EX | LOCK_NB) == 0;
            if (!is_locked_)
                ::usleep(pause);
        }
        // Another debugger may have written to the file in the meantime.
        (void)::fstat(file_, &status_);
    }
    ~LockedFile()
    {
        if (file_ >= 0)
            ::close(file_);
    }
    LockedFile(const LockedFile&) = delete;
    LockedFile& operator=(const LockedFile&) = delete;

    bool is_open() const { return file_ >= 0; }
    /// False if another process holds the lock for long. Lines can then be appended, but not
    /// removed.
    bool is_locked() const { return is_locked_; }
    off_t size() const { return status_.st_size; }

    std::string read_end() const
    {
        std::string text(static_cast<size_t>(std::min(size(), max_bytes)), '\0');
        const ssize_t count =
            ::pread(file_, text.data(), text.size(), size() - static_cast<off_t>(text.size()));
        text.resize(count < 0 ? 0 : static_cast<size_t>(count));
        if (size() > max_bytes)
            text.erase(0, text.find('\n') + 1);
        return text;
    }
    /// Writes in one piece, so that lines of two debuggers do not mix.
    void append(const std::string& text) const { (void)!::write(file_, text.data(), text.size()); }
    void replace(const std::string& text) const
    {
        if (::ftruncate(file_, 0) == 0)
            append(text);
    }

private:
    int file_ = -1;
    bool is_locked_ = false;
    struct stat status_ {};
};

bool is_octal(char letter) { return letter >= '0' && letter <= '7'; }

std::string decoded(std::string_view line)
{
    std::string text;
    for (size_t at = 0; at < line.size(); ++at) {
        const std::string_view rest = line.substr(at + 1);
        if (line[at] != '\\' || rest.empty()) {
            text += line[at];
        } else if (rest.size() >= 3 && std::all_of(rest.begin(), rest.begin() + 3, is_octal)) {
            text += static_cast<char>((rest[0] - '0') << 6 | (rest[1] - '0') << 3 | (rest[2] - '0'));
            at += 3;
        } else {
            text += rest.front();
            ++at;
        }
    }
    while (text.ends_with('\n'))
        text.pop_back();
    return text;
}

char octal(int bits) { return static_cast<char>('0' + (bits & 7)); }

std::string encoded(std::string_view line)
{
    std::string text;
    for (const char letter : line)
        if (static_cast<unsigned char>(letter) <= ' ' || letter == '\\')
            text += { '\\', octal(letter >> 6), octal(letter >> 3), octal(letter) };
        else
            text += letter;
    return text + "\\012\n";
}

std::vector<std::string> lines_of(std::string_view text)
{
    std::vector<std::string> lines;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        if (!line.empty() && line != header.substr(0, header.size() - 1))
            lines.push_back(decoded(line));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

} // namespace

std::string History::user_path()
{
    std::filesystem::path folder;
    if (const char* state = std::getenv("XDG_STATE_HOME"); state && *state)
        folder = state;
    else if (const char* home = std::getenv("HOME"); home && *home)
        folder = std::filesystem::path(home) / ".local" / "state";
    else
        return "";
    std::error_code failed;
    std::filesystem::create_directories(folder / "vitrine", failed);
    return failed ? "" : (folder / "vitrine" / "debug_history").string();
}

std::vector<std::string> History::load(size_t max_lines)
{
    const LockedFile file(path_);
    if (!file.is_open())
        return {};
    std::vector<std::string> lines = lines_of(file.read_end());
    const bool is_long = lines.size() >= 2 * max_lines || file.size() > max_bytes;
    if (lines.size() > max_lines)
        lines.erase(lines.begin(), lines.end() - static_cast<ptrdiff_t>(max_lines));
    if (is_long && file.is_locked()) {
        std::string text(header);
        for (const std::string& line : lines)
            text += encoded(line);
        file.replace(text);
    }
    last_ = lines.empty() ? "" : lines.back();
    return lines;
}

void History::append(std::string_view line)
{
    if (line.empty() || line == last_)
        return;
    last_ = line;
    const LockedFile file(path_);
    if (file.is_open())
        file.append((file.size() == 0 ? std::string(header) : "") + encoded(line));
}

} // namespace vitrine::cli
