// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "source/remote.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <csignal>

#include <fcntl.h>
#include <unistd.h>

namespace vitrine::core::source {
namespace {

using std::chrono::milliseconds;

const std::vector<uint8_t> module { 0, 'a', 's', 'm', 1, 0, 0, 0 };

/// A client whose reader is a shell script, and what it reports.
struct Client {
    std::vector<std::string> reports;
    std::unique_ptr<Remote> remote;

    explicit Client(const std::string& script, milliseconds limit = std::chrono::seconds(20))
    {
        remote = std::make_unique<Remote>(
            ReaderFiles { .command = { "/bin/sh", "-c", script, "reader" }, .module = module },
            Remote::Options { .name = "app.wasm",
                .report = [this](const std::string& text) { reports.push_back(text); },
                .limit = limit });
    }
};

/// A folder for the files of a test.
class Folder {
public:
    Folder()
    {
        char path[] = "/tmp/vitrine-remote-XXXXXX";
        path_ = mkdtemp(path);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

std::string content_of(const std::string& path)
{
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

using Strings = std::vector<std::string>;

TEST(Remote, StartsNoReaderBeforeTheFirstQuestion)
{
    const Folder folder;
    Client client("echo started > " + (folder / "file"));
    EXPECT_EQ(client.remote->process(), std::nullopt);
    EXPECT_FALSE(std::filesystem::exists(folder / "file"));
    (void)client.remote->row_at(1);
    EXPECT_EQ(content_of(folder / "file"), "started\n");
}

TEST(Remote, AReaderThatEndsInAUnitIsStartedWithoutIt)
{
    const Folder folder;
    // Marks unit 7 as the one being read, and crashes; without that unit, in unit 1.
    Client client("echo \"$@\" >> " + (folder / "starts")
        + "; if [ $# = 0 ]; then printf '\\007\\000\\000\\000' >&5; else printf '\\001\\000\\000\\000' >&5; "
          "fi;"
          " kill -SEGV $$");
    EXPECT_EQ(client.remote->row_at(1), std::nullopt);
    EXPECT_EQ(content_of(folder / "starts"), "\n--without=7\n--without=7 --without=1\n");
    EXPECT_EQ(client.reports,
        (Strings { "symbols of app.wasm: the reader ended (signal 11) in unit 7; that unit has none",
            "symbols of app.wasm: the reader ended (signal 11) in unit 1; that unit has none",
            "symbols of app.wasm: the reader ended (signal 11) in unit 1; there is no more debug "
            "information" }));
    // Nothing is asked or said any more.
    EXPECT_EQ(client.remote->summary(), Summary {});
    EXPECT_EQ(client.reports.size(), 3u);
    EXPECT_EQ(client.remote->process(), std::nullopt);
}

TEST(Remote, AReaderThatCannotBeginIsToldOnce)
{
    Client ends("exit 3");
    EXPECT_EQ(ends.remote->scopes_at(1), std::vector<Scope> {});
    EXPECT_EQ(ends.remote->scopes_at(1), std::vector<Scope> {});
    EXPECT_EQ(ends.reports,
        Strings { "symbols of app.wasm: the reader ended (status 3); there is no more debug information" });

    Strings reports;
    Remote none({ .command = { "/nonexistent/vitrine" }, .module = module },
        { .name = "app.wasm", .report = [&](const std::string& text) { reports.push_back(text); } });
    EXPECT_EQ(none.type(TypeId { 1 }), Type {});
    EXPECT_EQ(none.find_type("int"), std::nullopt);
    EXPECT_EQ(reports,
        Strings { "symbols of app.wasm: cannot start /nonexistent/vitrine: No such file or directory" });
}

TEST(Remote, AReaderThatTakesTooLongIsEnded)
{
    Client client("printf '\\002\\000\\000\\000' >&5; exec sleep 1000", milliseconds(300));
    EXPECT_EQ(client.remote->row_at(1), std::nullopt);
    EXPECT_EQ(client.reports,
        (Strings {
            "symbols of app.wasm: the reader was ended: it took too long in unit 2; that unit has none",
            "symbols of app.wasm: the reader was ended: it took too long in unit 2; there is no more debug "
            "information" }));
}

TEST(Remote, UsersDoNotWaitInVainAgainAndAgain)
{
    // Hangs in another unit each time.
    Client client("printf \"\\00$#\\000\\000\\000\" >&5; exec sleep 1000", milliseconds(200));
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(client.remote->row_at(1), std::nullopt);
    EXPECT_EQ(client.reports.size(), 3u);
    EXPECT_NE(client.reports.back().find("in unit 2; there is no more debug information"), std::string::npos)
        << client.reports.back();
}

TEST(Remote, AQuestionWithoutAnswerIsAskedAgain)
{
    // Each reader answers one question: there is no such thing.
    Client client("printf '\\002\\000\\000\\000\\000\\000' >&3; exec sleep 1000", milliseconds(300));
    EXPECT_EQ(client.remote->row_at(1), std::nullopt);
    EXPECT_EQ(client.remote->function(FunctionId { 1 }), std::nullopt);
    EXPECT_EQ(client.reports,
        Strings { "symbols of app.wasm: the reader was ended: it took too long; it is started again" });
    EXPECT_EQ(client.remote->process(), std::nullopt);
    EXPECT_EQ(client.remote->function(FunctionId { 1 }), std::nullopt);
    EXPECT_NE(client.remote->process(), std::nullopt);
    // Now the answer is known.
    EXPECT_EQ(client.remote->function(FunctionId { 1 }), std::nullopt);
    EXPECT_EQ(client.reports.size(), 1u);
}

TEST(Remote, AnswersThatAreNoneEndTheReader)
{
    for (const auto& [bytes, why] : { std::pair("\\003\\000\\000\\000\\000bc", "malformed answer"),
             std::pair("\\001\\000\\000\\000\\007", "a message that is none"),
             std::pair("\\000\\000\\000\\000", "a message that is none"),
             std::pair("\\003\\000\\000\\000\\001bc", "a malformed request for a file"),
             std::pair("\\377\\377\\377\\377", "a message that is too long") }) {
        Client client(std::string("printf '") + bytes + "' >&3; exec sleep 1000");
        EXPECT_EQ(client.remote->summary(), Summary {});
        ASSERT_GE(client.reports.size(), 1u);
        EXPECT_EQ(
            client.reports.front().find("symbols of app.wasm: the reader was ended: " + std::string(why)), 0u)
            << client.reports.front();
    }
}

TEST(Remote, TheReaderGetsNothingElse)
{
    const Folder folder;
    // As a guest's file may be: without O_CLOEXEC.
    const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int other = fcntl(file, F_DUPFD, 40);
    Client client("for f in /proc/$$/fd/*; do echo ${f##*/}; done > " + (folder / "files") + "; env > "
        + (folder / "environment"));
    (void)client.remote->row_at(1);
    close(file);
    close(other);
    std::istringstream files(content_of(folder / "files"));
    std::vector<int> numbers;
    // The shell has two of its own: for the folder that it reads, and the file that it writes.
    for (int number = 0; files >> number;)
        if (number != 6 && number != 10)
            numbers.push_back(number);
    EXPECT_EQ(numbers, (std::vector<int> { 0, 1, 2, 3, 4, 5 }));
    EXPECT_EQ(content_of(folder / "environment").find("HOME="), std::string::npos);
}

TEST(Remote, TheReaderAsksForOtherFiles)
{
    const Folder folder;
    // Skips the question (6 bytes), asks for a file, keeps its 5 bytes, and answers.
    const std::string script = "exec 2>/dev/null; dd bs=1 count=6 <&3 >/dev/null;"
                               "printf '\\014\\000\\000\\000\\001a.dwo\\000/src\\000' >&3;"
                               "dd bs=1 count=9 <&3 >"
        + (folder / "file") + "; printf '\\002\\000\\000\\000\\000\\000' >&3; exec sleep 1000";
    std::string asked;
    Strings reports;
    Remote remote({ .command = { "/bin/sh", "-c", script },
                      .module = module,
                      .find_split =
                          [&](const std::string& name, const std::string& directory) {
                              asked += directory + "|" + name;
                              return std::vector<uint8_t> { 'h', 'e', 'l', 'l', 'o' };
                          } },
        { .name = "app.wasm", .report = [&](const std::string& text) { reports.push_back(text); } });
    EXPECT_EQ(remote.row_at(1), std::nullopt);
    EXPECT_EQ(reports, Strings {});
    EXPECT_EQ(asked, "/src|a.dwo");
    EXPECT_EQ(content_of(folder / "file"), std::string("\5\0\0\0hello", 9));
}

TEST(Remote, TheReaderEndsWithItsClient)
{
    pid_t id = 0;
    {
        // Answers one question: a row that is not there.
        Client client("printf '\\002\\000\\000\\000\\000\\000' >&3; exec sleep 1000");
        EXPECT_EQ(client.remote->row_at(1), std::nullopt);
        EXPECT_EQ(client.reports, Strings {});
        ASSERT_TRUE(client.remote->process());
        id = *client.remote->process();
        EXPECT_EQ(kill(id, 0), 0);
    }
    EXPECT_NE(kill(id, 0), 0) << "still there";
}

} // namespace
} // namespace vitrine::core::source
