// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "source/text.h"

#include "base/text.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vitrine::core::source {

namespace {

constexpr size_t max_kept_bytes = size_t { 128 } << 20;
constexpr size_t tab_columns = 8;

/// Closes a descriptor.
class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor()
    {
        if (number_ >= 0)
            ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int number() const { return number_; }

private:
    int number_;
};

std::unexpected<Error> refused(const std::string& path, std::string_view reason)
{
    return failure("cannot read " + printable(path) + ": " + std::string(reason));
}

} // namespace

Result<std::vector<uint8_t>> read_regular_file(const std::string& path, uint64_t max_bytes)
{
    // Opening a pipe would wait for its writer.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat info;
    if (file.number() < 0 || ::fstat(file.number(), &info) != 0)
        return refused(path, std::strerror(errno));
    if (!S_ISREG(info.st_mode))
        return refused(path, S_ISDIR(info.st_mode) ? "it is a folder" : "it is not a regular file");
    if (static_cast<uint64_t>(info.st_size) > max_bytes)
        return refused(path, "it has more than " + std::to_string(max_bytes >> 20) + " MiB");
    std::vector<uint8_t> bytes(static_cast<size_t>(info.st_size));
    size_t size = 0;
    while (size < bytes.size()) {
        const ssize_t count = ::read(file.number(), bytes.data() + size, bytes.size() - size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return refused(path, std::strerror(errno));
        if (count == 0)
            break;
        size += static_cast<size_t>(count);
    }
    // It may have become shorter.
    bytes.resize(size);
    return bytes;
}

Text::Text(std::string bytes) : bytes_(std::move(bytes))
{
    for (size_t start = 0; start < bytes_.size();) {
        starts_.push_back(static_cast<uint32_t>(start));
        const size_t end = bytes_.find('\n', start);
        start = end == std::string::npos ? bytes_.size() : end + 1;
    }
}

Result<std::shared_ptr<const Text>> Text::of(std::string bytes)
{
    if (bytes.size() > max_source_bytes)
        return failure("it has more than " + std::to_string(max_source_bytes >> 20) + " MiB");
    if (bytes.contains('\0'))
        return failure("it is not text");
    return std::shared_ptr<const Text>(new Text(std::move(bytes)));
}

Result<std::shared_ptr<const Text>> Text::read(const std::string& path)
{
    const auto bytes = TRY(read_regular_file(path, max_source_bytes));
    auto text = of(std::string(text_of(bytes)));
    if (!text)
        return refused(path, text.error().message);
    return text;
}

std::string_view Text::line(uint32_t number) const
{
    if (number == 0 || number > starts_.size())
        return {};
    const size_t start = starts_[number - 1];
    const size_t end = number < starts_.size() ? starts_[number] : bytes_.size();
    std::string_view line = std::string_view(bytes_).substr(start, end - start);
    if (line.ends_with('\n'))
        line.remove_suffix(1);
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    return line;
}

Result<Source> Texts::find(Symbols& symbols, FileId id, const File& file)
{
    auto found = paths_.find(file);
    if (!file.has_text) {
        CHECK(found);
        return Source { TRY(read(found->path)), std::move(found->path), std::move(found->warning) };
    }
    auto text = symbols.text_of(id);
    if (!text)
        return failure("the debug information has no text of " + printable(file.path));
    auto lines = Text::of(*std::move(text));
    if (!lines)
        return failure("cannot show " + printable(file.path) + ": " + lines.error().message);
    Source source { .text = *std::move(lines) };
    // A file that has changed since would only confuse.
    if (const auto on_disk = found ? read(found->path) : std::unexpected(found.error());
        on_disk && (*on_disk)->bytes() == source.text->bytes())
        source.path = std::move(found->path);
    return source;
}

Result<std::shared_ptr<const Text>> Texts::read(const std::string& path)
{
    struct stat info;
    if (::stat(path.c_str(), &info) != 0)
        return refused(path, std::strerror(errno));
    const std::lock_guard lock(mutex_);
    const auto kept = std::ranges::find(kept_, path, &Kept::path);
    if (kept != kept_.end() && kept->seconds == info.st_mtim.tv_sec
        && kept->nanoseconds == info.st_mtim.tv_nsec) {
        kept_.splice(kept_.begin(), kept_, kept);
        return kept_.front().text;
    }
    if (kept != kept_.end())
        kept_.erase(kept);
    auto text = TRY(Text::read(path));
    kept_.push_front({ path, info.st_mtim.tv_sec, info.st_mtim.tv_nsec, std::move(text) });
    size_t size = 0;
    // The one just read stays, whatever its size.
    const auto is_beyond = [&](const Kept& each) {
        size += each.text->bytes().size();
        return size > max_kept_bytes;
    };
    kept_.erase(std::find_if(std::next(kept_.begin()), kept_.end(), is_beyond), kept_.end());
    return kept_.front().text;
}

std::string shown_line(std::string_view line)
{
    std::string text;
    size_t columns = 0;
    for (;;) {
        const size_t tab = line.find('\t');
        const std::string piece = printable(line.substr(0, tab));
        columns += static_cast<size_t>(
            std::ranges::count_if(piece, [](char c) { return (static_cast<uint8_t>(c) & 0xc0) != 0x80; }));
        text += piece;
        if (tab == std::string_view::npos)
            return text;
        const size_t spaces = tab_columns - columns % tab_columns;
        text.append(spaces, ' ');
        columns += spaces;
        line.remove_prefix(tab + 1);
    }
}

} // namespace vitrine::core::source
