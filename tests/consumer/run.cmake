# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# Builds and runs the project in this folder, in a setting where CMake finds neither Boost nor LLVM:
#
#   WAY=subdirectory   by add_subdirectory of SOURCE; builds only what vitrine::vitrine needs
#   WAY=package        what `cmake --install BUILD` installs, once static and once shared

set(work "${BUILD}/tests/consumer-${WAY}")

function(run)
    execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(build folder)
    run("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}" -B "${folder}" -G Ninja ${ARGN}
        -DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON -DCMAKE_DISABLE_FIND_PACKAGE_LLVM=ON
        "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}")
    run("${CMAKE_COMMAND}" --build "${folder}")
    run("${folder}/consumer")
endfunction()

file(REMOVE_RECURSE "${work}")
if(WAY STREQUAL "subdirectory")
    build("${work}/build" "-DVITRINE_TREE=${SOURCE}")
    foreach(layer IN ITEMS host wasi api_wasi)
        file(GLOB_RECURSE objects "${work}/build/vitrine/src/${layer}/*.o")
        if(objects)
            message(FATAL_ERROR "the layer ${layer} was built, though only vitrine::vitrine is linked")
        endif()
    endforeach()
    return()
endif()

run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${work}/prefix")
foreach(is_shared IN ITEMS OFF ON)
    set(folder "${work}/build-shared-${is_shared}")
    build("${folder}" "-DCMAKE_PREFIX_PATH=${work}/prefix" -DBUILD_SHARED_LIBS=${is_shared}
        "-DPROGRAMS=${SOURCE}/tests/api" "-DEXAMPLE=${SOURCE}/examples/embed/embed.cpp")
    run("${folder}/everything")
    foreach(name IN ITEMS embed private stop)
        run("${folder}/${name}" "${SOURCE}/tests/api/bank.wasm")
    endforeach()
    run("${folder}/example" "${SOURCE}/examples/embed/vault.wasm")
    execute_process(COMMAND readelf --dynamic "${folder}/everything" OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
    set(needs_library OFF)
    if(dynamic MATCHES "libvitrine\\.so\\.[0-9]+\\.[0-9]+\\]")
        set(needs_library ON)
    endif()
    if(NOT needs_library STREQUAL is_shared)
        message(FATAL_ERROR "with BUILD_SHARED_LIBS=${is_shared} the program needs the shared library: ${needs_library}")
    endif()
endforeach()

# A program in C, without CMake.
set(ENV{PKG_CONFIG_PATH} "${work}/prefix/lib/pkgconfig")
find_program(pkg_config pkg-config REQUIRED)
execute_process(COMMAND "${pkg_config}" --cflags --libs vitrine OUTPUT_VARIABLE flags COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags UNIX_COMMAND "${flags}")
run(cc -std=c11 -Wall -Wextra -Werror "${SOURCE}/tests/capi/types.c" -o "${work}/types" ${flags})
run("${CMAKE_COMMAND}" -E env "LD_LIBRARY_PATH=${work}/prefix/lib" "${work}/types")
