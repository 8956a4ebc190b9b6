# Every dependency: an installed package first, otherwise a pinned release that is fetched.
#
# -DFETCHCONTENT_TRY_FIND_PACKAGE_MODE=NEVER passes the installed packages over, and
# -DFETCHCONTENT_SOURCE_DIR_<ASIO|FMT|SPDLOG|CATCH2>=… takes a source tree from the disk. What is
# fetched is installed beside mini-redis, because a static library needs it when it is linked.
include_guard()
include(FetchContent)

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# --- Asio: headers alone, no CMake package of its own ---------------------------------------------
set(mini_redis_asio_minimum 102200) # 1.22, as its ASIO_VERSION: as_tuple, awaitable operators

function(mini_redis_read_asio_version include_dir result)
    set(${result} 0 PARENT_SCOPE)
    if(EXISTS "${include_dir}/asio/version.hpp")
        file(STRINGS "${include_dir}/asio/version.hpp" line REGEX "^#define ASIO_VERSION ")
        if(line MATCHES "([0-9]+)")
            set(${result} ${CMAKE_MATCH_1} PARENT_SCOPE)
        endif()
    endif()
endfunction()

if(NOT FETCHCONTENT_SOURCE_DIR_ASIO AND NOT FETCHCONTENT_TRY_FIND_PACKAGE_MODE STREQUAL "NEVER")
    find_path(MINI_REDIS_ASIO_INCLUDE_DIR asio.hpp DOC "Where standalone Asio's asio.hpp is")
endif()
mini_redis_read_asio_version("${MINI_REDIS_ASIO_INCLUDE_DIR}" mini_redis_asio_version)
set(mini_redis_asio_fetched OFF)
set(mini_redis_asio_include_dir "${MINI_REDIS_ASIO_INCLUDE_DIR}")
if(mini_redis_asio_version LESS mini_redis_asio_minimum)
    FetchContent_Declare(asio
        URL https://github.com/chriskohlhoff/asio/archive/refs/tags/asio-1-30-2.tar.gz
        URL_HASH SHA256=755bd7f85a4b269c67ae0ea254907c078d408cce8e1a352ad2ed664d233780e8
        SOURCE_SUBDIR asio/include) # holds no CMakeLists.txt: nothing of it is built
    FetchContent_MakeAvailable(asio)
    foreach(dir asio/include include) # as in the repository, as in a release archive
        if(EXISTS "${asio_SOURCE_DIR}/${dir}/asio.hpp")
            set(mini_redis_asio_include_dir "${asio_SOURCE_DIR}/${dir}")
            break()
        endif()
    endforeach()
    mini_redis_read_asio_version("${mini_redis_asio_include_dir}" mini_redis_asio_version)
    set(mini_redis_asio_fetched ON)
    if(mini_redis_asio_version LESS mini_redis_asio_minimum)
        message(FATAL_ERROR "mini-redis needs standalone Asio 1.22 or newer; ${asio_SOURCE_DIR} has "
            "ASIO_VERSION ${mini_redis_asio_version}")
    endif()
endif()
message(STATUS "Asio ${mini_redis_asio_version}: ${mini_redis_asio_include_dir}")

# Asio is compiled once, in src/async/asio.cpp; every user of its headers has to know that.
add_library(mini_redis_asio INTERFACE)
set_target_properties(mini_redis_asio PROPERTIES EXPORT_NAME asio)
target_include_directories(mini_redis_asio SYSTEM INTERFACE $<BUILD_INTERFACE:${mini_redis_asio_include_dir}>)
target_compile_definitions(mini_redis_asio INTERFACE ASIO_STANDALONE ASIO_SEPARATE_COMPILATION)
if(MINI_REDIS_WARNINGS_AS_ERRORS)
    # For what is installed as well: in older releases of Asio it decides how handlers get their memory, and who
    # is compiled without it would get none from a library that was compiled with it.
    target_compile_definitions(mini_redis_asio INTERFACE ASIO_NO_DEPRECATED)
endif()
if(mini_redis_asio_version LESS 103000) # they do not know that Clang has had C++20's coroutines since 15
    target_compile_definitions(mini_redis_asio INTERFACE ASIO_HAS_CO_AWAIT=1 ASIO_HAS_STD_COROUTINE=1)
    # … and see whether there is std::aligned_alloc only if a standard header came first: what one file
    # allocates by it, another would free by operator delete.
    if(NOT APPLE AND NOT WIN32)
        target_compile_definitions(mini_redis_asio INTERFACE ASIO_HAS_STD_ALIGNED_ALLOC=1)
    endif()
endif()
target_link_libraries(mini_redis_asio INTERFACE Threads::Threads)

# --- OpenSSL: the client's TLS, if it is there ------------------------------------------------------
set(mini_redis_has_tls OFF)
if(NOT MINI_REDIS_TLS STREQUAL "OFF")
    if(MINI_REDIS_TLS STREQUAL "ON")
        find_package(OpenSSL 1.1.1 REQUIRED)
    else()
        find_package(OpenSSL 1.1.1 QUIET)
    endif()
    set(mini_redis_has_tls ${OpenSSL_FOUND})
endif()
message(STATUS "TLS: ${mini_redis_has_tls}")

# --- Lua 5.1: the server's scripts, if it is there ---------------------------------------------------
# The Lua that Redis has, so that scripts behave and fail alike, with the libraries that scripts expect
# and Debian packages: cjson and bit. (cmsgpack and struct are our own.)
set(mini_redis_has_lua OFF)
if(NOT MINI_REDIS_SCRIPTING STREQUAL "OFF")
    find_path(MINI_REDIS_LUA_INCLUDE_DIR lua.h PATH_SUFFIXES lua5.1 lua51 lua-5.1 DOC "Where Lua 5.1's lua.h is")
    find_library(MINI_REDIS_LUA_LIBRARY NAMES lua5.1 lua51 lua-5.1 DOC "Lua 5.1")
    find_library(MINI_REDIS_LUA_CJSON_LIBRARY NAMES lua5.1-cjson DOC "lua-cjson for Lua 5.1")
    find_library(MINI_REDIS_LUA_BITOP_LIBRARY NAMES lua5.1-bitop DOC "LuaBitOp for Lua 5.1")
    set(mini_redis_lua_libraries "${MINI_REDIS_LUA_CJSON_LIBRARY}" "${MINI_REDIS_LUA_BITOP_LIBRARY}"
        "${MINI_REDIS_LUA_LIBRARY}")
    if(MINI_REDIS_LUA_INCLUDE_DIR AND MINI_REDIS_LUA_LIBRARY AND MINI_REDIS_LUA_CJSON_LIBRARY
        AND MINI_REDIS_LUA_BITOP_LIBRARY)
        set(mini_redis_has_lua ON)
    elseif(MINI_REDIS_SCRIPTING STREQUAL "ON")
        message(FATAL_ERROR "MINI_REDIS_SCRIPTING wants Lua 5.1, lua-cjson and LuaBitOp with their headers "
            "(Debian: liblua5.1-0-dev lua-cjson-dev lua-bitop-dev); found: ${mini_redis_lua_libraries}")
    endif()
endif()
message(STATUS "Scripting: ${mini_redis_has_lua}")

# --- fmt and spdlog: one fmt in the program, so a fetched fmt asks for a fetched spdlog ------------
# (A project around this one may have brought either already.)
set(FMT_INSTALL ${MINI_REDIS_INSTALL})
FetchContent_Declare(fmt
    URL https://github.com/fmtlib/fmt/archive/refs/tags/11.2.0.tar.gz
    URL_HASH SHA256=bc23066d87ab3168f27cef3e97d545fa63314f5c79df5ea444d41d56f962c6af
    SYSTEM
    FIND_PACKAGE_ARGS 9 CONFIG)
if(NOT TARGET fmt::fmt)
    FetchContent_MakeAvailable(fmt)
endif()

set(SPDLOG_FMT_EXTERNAL ON)
set(SPDLOG_INSTALL ${MINI_REDIS_INSTALL})
set(mini_redis_spdlog_find FIND_PACKAGE_ARGS 1.10 CONFIG)
if(NOT fmt_FOUND)
    set(mini_redis_spdlog_find "")
endif()
FetchContent_Declare(spdlog
    URL https://github.com/gabime/spdlog/archive/refs/tags/v1.16.0.tar.gz
    URL_HASH SHA256=8741753e488a78dd0d0024c980e1fb5b5c85888447e309d9cb9d949bdb52aa3e
    SYSTEM
    ${mini_redis_spdlog_find})
if(NOT TARGET spdlog::spdlog)
    FetchContent_MakeAvailable(spdlog)
endif()

# Newer Clangs refuse what fmt 10 and older do at compile time.
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND fmt_VERSION VERSION_LESS 11)
    target_compile_definitions(mini_redis_build INTERFACE FMT_CONSTEVAL=)
endif()

# --- Catch2: tests only, either major version ------------------------------------------------------
if(MINI_REDIS_BUILD_TESTS)
    FetchContent_Declare(Catch2
        URL https://github.com/catchorg/Catch2/archive/refs/tags/v3.7.1.tar.gz
        URL_HASH SHA256=c991b247a1a0d7bb9c39aa35faf0fe9e19764213f28ffba3109388e62ee0269c
        SYSTEM
        FIND_PACKAGE_ARGS CONFIG)
    FetchContent_MakeAvailable(Catch2)
endif()
