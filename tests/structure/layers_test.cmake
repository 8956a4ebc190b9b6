# layers.cmake finds what it is there to find: one bad tree for each rule, and a good one.
#
#   cmake -DSCRIPT=<layers.cmake> -DWORK=<directory to write to> -P layers_test.cmake
cmake_minimum_required(VERSION 3.25)

# expect(name text file line [file line]…): the tree with these files, each of one line, is refused
# with that text; an empty text means accepted.
function(expect name text)
    set(root "${WORK}/${name}")
    file(REMOVE_RECURSE "${root}")
    while(ARGN)
        list(POP_FRONT ARGN file line)
        file(WRITE "${root}/${file}" "#pragma once\n${line}\n")
    endwhile()
    execute_process(COMMAND "${CMAKE_COMMAND}" "-DROOT=${root}" -P "${SCRIPT}"
        RESULT_VARIABLE status ERROR_VARIABLE errors)
    string(REGEX REPLACE "[ \n]+" " " errors "${errors}") # CMake wraps long lines
    string(FIND "${errors}" "${text}" position)
    if(text STREQUAL "" AND NOT status EQUAL 0)
        message(SEND_ERROR "${name}: refused, with: ${errors}")
    elseif(NOT text STREQUAL "" AND (status EQUAL 0 OR position EQUAL -1))
        message(SEND_ERROR "${name}: expected '${text}', status ${status}: ${errors}")
    endif()
endfunction()

expect(good ""
    src/server/a.cpp "#include \"resp/b.hpp\"\n#include <mini_redis/server.hpp>\n#include <asio/post.hpp>"
    src/resp/b.hpp "#include <fmt/format.h>\n#include <string>\n#include <mini_redis/frame.hpp>"
    include/mini_redis/server.hpp "#include <mini_redis/asio.hpp>"
    include/mini_redis/asio.hpp "#include <asio/awaitable.hpp>"
    include/mini_redis/frame.hpp "")
expect(against_the_arrow "resp includes src/store/b.hpp, of store"
    src/resp/a.cpp "#include \"store/b.hpp\"" src/store/b.hpp "")
expect(client_and_server "client includes src/server/b.hpp, of server"
    src/client/a.cpp "  #  include \"server/b.hpp\"" src/server/b.hpp "")
expect(public_client_in_server "server includes include/mini_redis/client.hpp, of client"
    src/server/a.cpp "#include <mini_redis/client.hpp>" include/mini_redis/client.hpp "")
expect(sockets_in_commands "commands includes <asio/ip/tcp.hpp>"
    src/commands/a.cpp "#include <asio/ip/tcp.hpp>")
expect(sockets_behind_a_header "src/store/a.cpp → include/mini_redis/frame.hpp <asio.hpp>"
    src/store/a.cpp "#include <mini_redis/frame.hpp>" include/mini_redis/frame.hpp "#include <asio.hpp>")
expect(library_out_of_place "client includes <spdlog/spdlog.h>"
    src/client/a.cpp "#include <spdlog/spdlog.h>")
expect(private_behind_public "a public header includes the private src/resp/b.hpp"
    include/mini_redis/frame.hpp "#include \"resp/b.hpp\"" src/resp/b.hpp "")
expect(program_of_privates "apps/a.cpp: src/resp/b.hpp is private"
    apps/a.cpp "#include \"resp/b.hpp\"" src/resp/b.hpp "")
expect(no_layer "belongs to no layer" include/mini_redis/surprise.hpp "")
