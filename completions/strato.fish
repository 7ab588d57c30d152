# fish completion for strato and strato-*
#
# The options and their words come from the command's own --help at the moment
# of asking, so there is no second list that could be out of date.

function __strato_tool
    set -l words (commandline -opc)
    echo $words[1]
end

function __strato_sub
    set -l words (commandline -opc)
    string match -qr '(^|/)(strato|strato-graph|strato-gpucache|strato-bench)$' -- $words[1]
    or return
    for word in $words[2..]
        string match -q -- '-*' $word; and continue
        echo $word
        return
    end
end

function __strato_store
    set -l words (commandline -opc)
    for i in (seq 2 (count $words))
        switch $words[$i]
            case -s --store
                echo $words[(math $i + 1)]
                return
            case '--store=*'
                string replace -- --store= '' $words[$i]
                return
        end
    end
    echo $STRATO_STORE
end

function __strato_options
    set -l tool (__strato_tool)
    $tool (__strato_sub) --help 2>/dev/null | sed -nE '
        s/^ +(-[A-Za-z0-9]), (--[a-z0-9-]+=?)[^ ]*( +(.*))?/\1\t\4\n\2\t\4/p
        s/^ +(--[a-z0-9-]+=?)[^ ]*( +(.*))?/\1\t\3/p
        s/^ +(-[A-Za-z0-9])( +(.*))?$/\1\t\3/p'
end

function __strato_settings
    printf '%s=\n' io_depth direct_io compression cache_size \
        prefetch_distance sync memory_limit log_size reserve_size network_fs
end

function __strato_value
    set -l words (commandline -opc)
    set -l store (__strato_store)
    set -l cur (commandline -ct)
    set -l head ''
    set -l option $words[-1]
    if string match -qr -- '^--[a-z-]+=' $cur
        set option (string replace -r '=.*' '' -- $cur)
        set head $option=
    end
    switch $option
        case -g --graph
            strato-graph ls -q (test -n "$store"; and printf '%s\n' -s $store) 2>/dev/null |
                cut -f1 | sed "s/^/$head/"
        case -O --set
            __strato_settings | sed "s/^/$head/"
        case --progress --color
            printf "$head%s\n" auto always never
        case --direct-io
            printf "$head%s\n" auto on off
        case --compression
            printf "$head%s\n" none lz4
        case -f --format
            printf "$head%s\n" tsv text cdb jsonl el csv mtx metis dimacs \
                ldbc adj adjlist pairs32 pairs64 kgtk nt nq ttl trig mcp dot neo4j graphml
        case '*'
            return 1
    end
end

function __strato_words
    __strato_value; and return
    set -l name (string replace -r '.*/' '' -- (__strato_tool))
    set -l sub (__strato_sub)
    set -l cur (commandline -ct)
    if string match -q -- '-*' $cur
        __strato_options
        return
    end
    switch $name
        case strato
            test -n "$sub"
            or complete -C strato- | string replace -r '^strato-(\S+).*' '$1'
        case strato-graph strato-gpucache strato-bench
            test -n "$sub"
            or $name --help 2>/dev/null |
                sed -nE '/^Commands:/,/^$/s/^ +([a-z][a-z0-9-]*) *(.*)/\1\t\2/p'
        case strato-config
            __strato_settings
        case strato-get strato-put strato-rm strato-mv strato-ls strato-stat
            set -l store (__strato_store)
            test -n "$store"
            and strato-ls -q -s $store -L 200 -- $cur 2>/dev/null | string match -v '*\\\\*'
    end
end

for tool in strato strato-init strato-put strato-get strato-ls strato-rm \
        strato-mv strato-stat strato-config strato-compact strato-snapshot \
        strato-diff strato-backup strato-restore strato-walcheck \
        strato-graph strato-gpucache strato-bench strato-doctor
    complete -c $tool -a '(__strato_words)'
end
for tool in strato strato-graph strato-gpucache strato-bench
    complete -c $tool -f -n 'test -z "$(__strato_sub)"'
end
