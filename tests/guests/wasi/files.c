// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Uses the files of its folder as C programs do. Exits with the line of the first failed check.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK(condition)             \
    do {                             \
        if (!(condition)) {          \
            perror(#condition);      \
            exit(__LINE__ & 0xff);   \
        }                            \
    } while (0)

int main(void)
{
    FILE* file = fopen("/data/new.txt", "w+");
    CHECK(file);
    CHECK(fprintf(file, "one\ntwo\nthree\n") == 14);
    CHECK(fseek(file, 4, SEEK_SET) == 0);
    char word[10];
    CHECK(fgets(word, sizeof word, file) && strcmp(word, "two\n") == 0);
    CHECK(ftell(file) == 8);
    CHECK(fclose(file) == 0);
    CHECK((file = fopen("/data/new.txt", "a")));
    CHECK(fputs("four\n", file) >= 0 && fclose(file) == 0);

    struct stat status;
    CHECK(stat("/data/new.txt", &status) == 0);
    CHECK(S_ISREG(status.st_mode) && status.st_size == 19);
    CHECK(mkdir("/data/folder", 0777) == 0 && mkdir("/data/folder", 0777) == -1 && errno == EEXIST);
    CHECK(stat("/data/folder", &status) == 0 && S_ISDIR(status.st_mode));
    CHECK(rename("/data/new.txt", "/data/folder/moved.txt") == 0);
    CHECK(symlink("folder/moved.txt", "/data/link") == 0);
    CHECK(lstat("/data/link", &status) == 0 && S_ISLNK(status.st_mode));
    CHECK(readlink("/data/link", word, sizeof word) == sizeof word && memcmp(word, "folder/mov", 10) == 0);
    CHECK((file = fopen("/data/link", "r")) && fgets(word, sizeof word, file) && strcmp(word, "one\n") == 0);
    CHECK(fclose(file) == 0);

    int found = 0;
    DIR* folder = opendir("/data");
    CHECK(folder);
    for (struct dirent* entry; (entry = readdir(folder));)
        found += strcmp(entry->d_name, "folder") == 0 || strcmp(entry->d_name, "link") == 0;
    CHECK(found == 2 && closedir(folder) == 0);

    const int fd = open("/data/folder/moved.txt", O_RDWR);
    CHECK(fd >= 0 && ftruncate(fd, 3) == 0 && pread(fd, word, 10, 1) == 2 && close(fd) == 0);
    CHECK(open("/data/folder/moved.txt", O_RDWR | O_CREAT | O_EXCL, 0666) == -1 && errno == EEXIST);
    CHECK(rmdir("/data/folder") == -1 && errno == ENOTEMPTY);
    CHECK(unlink("/data/link") == 0 && unlink("/data/folder/moved.txt") == 0 && rmdir("/data/folder") == 0);
    CHECK(access("/data/folder", F_OK) == -1 && errno == ENOENT);
    CHECK(fopen("/elsewhere/file", "r") == NULL && fopen("/data/../../etc/passwd", "r") == NULL);
    CHECK(isatty(STDOUT_FILENO));
    puts("all well");
    return 0;
}
