// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/terminal.h"

#include "cli/history.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include <histedit.h>
#include <unistd.h>

namespace vitrine::cli {

namespace {

constexpr int max_history = 1000;

/// The longest common prefix.
std::string_view common_beginning(const std::vector<std::string>& words)
{
    std::string_view common = words.front();
    for (const std::string& word : words)
        common =
            common.substr(0, static_cast<size_t>(std::ranges::mismatch(common, word).in1 - common.begin()));
    return common;
}

} // namespace

/// libedit's editor and history.
struct Terminal::Editor {
    explicit Editor(Completer with) : completer(std::move(with))
    {
        history = history_init();
        edit = el_init("vitrine", stdin, stdout, stderr);
        HistEvent event;
        ::history(history, &event, H_SETSIZE, max_history);
        ::history(history, &event, H_SETUNIQUE, 1);
        lines = kept.load(max_history);
        for (const std::string& line : lines)
            ::history(history, &event, H_ENTER, (line + "\n").c_str());
        el_set(edit, EL_CLIENTDATA, this);
        el_set(edit, EL_PROMPT, &Editor::show_prompt);
        el_set(edit, EL_EDITOR, "emacs");
        el_set(edit, EL_HIST, ::history, history);
        // This form stores the text itself. Others copy it, and nothing frees the copies.
        el_wset(edit, EL_ADDFN, L"vitrine-complete", L"Complete the word", &Editor::complete);
        el_set(edit, EL_BIND, "^I", "vitrine-complete", nullptr);
        // While a line is edited, Ctrl-C discards it.
        el_wset(edit, EL_ADDFN, L"vitrine-cancel", L"Give the line up", &Editor::cancel);
        el_set(edit, EL_SETTY, "-d", "-isig", nullptr);
        el_set(edit, EL_BIND, "^C", "vitrine-cancel", nullptr);
        el_set(edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
        // A Ctrl-D that is typed before the editor controls the terminal arrives as ^@. By default,
        // libedit would then insert the next key literally.
        el_set(edit, EL_BIND, "^@", "ed-ignore", nullptr);
    }
    ~Editor()
    {
        el_end(edit);
        history_end(history);
    }
    Editor(const Editor&) = delete;
    Editor& operator=(const Editor&) = delete;

    static Editor& of(EditLine* edit)
    {
        void* data = nullptr;
        el_get(edit, EL_CLIENTDATA, &data);
        return *static_cast<Editor*>(data);
    }
    static char* show_prompt(EditLine* edit) { return of(edit).prompt.data(); }
    static unsigned char complete(EditLine* edit, int key);
    static unsigned char cancel(EditLine* edit, int key);

    std::string prompt;
    Completer completer;
    /// Loads the lines of earlier debuggers too.
    cli::History kept { cli::History::user_path() };
    std::vector<std::string> lines;
    ::History* history;
    EditLine* edit;
};

unsigned char Terminal::Editor::complete(EditLine* edit, int)
{
    const LineInfo* info = el_line(edit);
    const std::string_view line(info->buffer, static_cast<size_t>(info->cursor - info->buffer));
    const std::vector<std::string> found = of(edit).completer(line);
    if (found.empty())
        return CC_REFRESH_BEEP;
    // The part already typed is the longest suffix of the line that is a prefix of the completions.
    const std::string_view common = common_beginning(found);
    size_t typed = std::min(line.size(), common.size());
    while (!line.ends_with(common.substr(0, typed)))
        --typed;
    std::string more(common.substr(typed));
    if (found.size() == 1)
        more += ' ';
    if (!more.empty()) {
        el_insertstr(edit, more.c_str());
        return CC_REFRESH;
    }
    std::printf("\n");
    for (const std::string& word : found)
        std::printf("%s  ", word.c_str());
    std::printf("\n");
    std::fflush(stdout);
    return CC_REDISPLAY;
}

unsigned char Terminal::Editor::cancel(EditLine* edit, int)
{
    const LineInfo* info = el_line(edit);
    const auto before = static_cast<int>(info->cursor - info->buffer);
    const auto length = static_cast<int>(info->lastchar - info->buffer);
    el_cursor(edit, length - before);
    el_deletestr(edit, length);
    std::printf("^C\n");
    std::fflush(stdout);
    return CC_REDISPLAY;
}

Terminal::Terminal(Completer completer)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return;
    editor_ = std::make_unique<Editor>(std::move(completer));
    typed_ = std::exchange(editor_->lines, {});
}

Terminal::~Terminal() = default;

std::optional<std::string> Terminal::read_line(std::string_view prompt)
{
    std::string line;
    if (editor_) {
        editor_->prompt = prompt;
        int count = 0;
        const char* text = el_gets(editor_->edit, &count);
        if (!text || count <= 0)
            return std::nullopt;
        line.assign(text, static_cast<size_t>(count));
        HistEvent event;
        if (line != "\n")
            ::history(editor_->history, &event, H_ENTER, line.c_str());
        if (line.ends_with('\n'))
            line.pop_back();
        editor_->kept.append(line);
        if (!line.empty())
            typed_.push_back(line);
        return line;
    }
    for (char letter = 0; letter != '\n';) {
        const ssize_t count = read(STDIN_FILENO, &letter, 1);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return line.empty() ? std::nullopt : std::optional(line);
        if (letter != '\n')
            line += letter;
    }
    return line;
}

} // namespace vitrine::cli
