// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi2/world.h"

#include <cstring>

namespace vitrine::core::wasi2 {

namespace {

/// A file that counts as long as it is open.
struct CountedFile {
    CountedFile(std::shared_ptr<File> file, std::shared_ptr<size_t> number)
        : file(std::move(file)), number(std::move(number))
    {
        ++*this->number;
    }
    CountedFile(const CountedFile&) = delete;
    CountedFile& operator=(const CountedFile&) = delete;
    ~CountedFile() { --*number; }

    std::shared_ptr<File> file;
    std::shared_ptr<size_t> number;
};

/// What a store keeps. A call keeps its world even if the store gets another one meanwhile.
struct AttachedWorld {
    explicit AttachedWorld(std::shared_ptr<World> world) : world(std::move(world)) {}
    std::shared_ptr<World> world;
};

} // namespace

Answer<void> World::check_room() const
{
    if (*open_files_ >= max_files)
        return refuse(EMFILE);
    return {};
}

std::shared_ptr<File> World::count(std::shared_ptr<File> file)
{
    File* const object = file.get();
    return { std::make_shared<CountedFile>(std::move(file), open_files_), object };
}

Result<std::shared_ptr<World>> attach(Store& store, host::Config config)
{
    auto host = TRY(host::World::create(std::move(config)));
    std::array<uint64_t, 2> key {};
    const auto bytes = std::as_writable_bytes(std::span(key));
    for (size_t done = 0; done < bytes.size();) {
        const auto size = host->random(bytes.subspan(done));
        if (!size)
            return failure(std::string("random bytes: ") + std::strerror(static_cast<int>(size.error())));
        done += *size;
    }
    auto world = std::make_shared<World>(std::move(host), key);
    if (auto* const attached = store.find_attached<AttachedWorld>())
        attached->world = world;
    else
        store.attach<AttachedWorld>(world);
    return world;
}

std::shared_ptr<World> find_world(const Store& store)
{
    const auto* const attached = store.find_attached<AttachedWorld>();
    return attached ? attached->world : nullptr;
}

} // namespace vitrine::core::wasi2
