/** Ways to write `git push`; each is held against a rule about `git push*`. */
export const pushes: string[] = String.raw`
git push
git push origin main
 git   push
git push --force origin HEAD:主线
"git" push
'git' 'push'
g"i"t pu''sh
gi\t p\ush
\git push
$'git' push
$'\x67it' $'pu\163h'
$'\u0067it' push
$"git" push
git $'push'
/usr/bin/git push
/bin/git push
/usr/local/bin/git push
/opt/git/bin/git push
./git push
git -C . push
git -C 子目录 push
git -c user.name=x push
git --git-dir=.git push
git --git-dir .git --work-tree . push
git --no-pager push
git -p -C . push origin
git-push origin
/usr/lib/git-core/git-push origin
X=1 git push
X=1 Y=2 git push
GIT_SSH_COMMAND="ssh -v" git push
a[0]=1 git push
X+=1 git push
sudo git push
sudo -u bob git push
sudo -E -n git push
sudo -- git push
sudo sudo git push
doas git push
env git push
env -i git push
env X=1 git push
env -u HOME git push
env -S 'git push'
env -S"git push"
env --split-string='git push'
/usr/bin/env git push
nohup git push
nice git push
nice -n 5 git push
nice -5 git push
timeout 5 git push
timeout -k 1 5 git push
timeout --signal=KILL 5 git push
time git push
time -p git push
command git push
command -p git push
builtin command git push
exec git push
exec -a x git push
stdbuf -oL git push
setsid git push
ionice -c 3 git push
strace -f git push
unshare -n git push
busybox env git push
script -c 'git push' /dev/null
script -qc "git push" /dev/null
su bob -c 'git push'
flock 锁 git push
flock 锁 -c 'git push'
watch git push
watch 'git push'
parallel git push ::: a
ssh host git push
ssh host 'git push'
timeout 5 nice -n 3 nohup git push
sudo env X=1 timeout 5 git push
bash -c 'git push'
bash -c "git push"
sh -c 'git push'
bash -ec 'git push'
bash -e -c 'git push'
bash --norc -c 'git push'
bash -o pipefail -c 'git push'
/bin/bash -c 'git push'
dash -c 'git push'
bash -c "bash -c 'git push'"
bash -c 'cd x && git push'
sudo bash -c 'git push'
busybox sh -c 'git push'
env bash -c 'git push'
sh -c 'git "$1"' _ push
sh -c '"$@"' _ git push
sh -c '$0 push' git
eval git push
eval 'git push'
eval "git" "push"
eval "$(echo git push)"
eval $'git\x20push'
echo git push | bash
echo git push | sh -s
echo 'git push' | sudo bash
echo Z2l0IHB1c2g= | base64 -d | sh
bash <<< 'git push'
bash <<< "git push"
bash <<< $(echo git push)
bash < <(echo git push)
bash <(echo git push)
source <(echo git push)
. <(echo git push)
. /dev/stdin <<< 'git push'
printf 'git push' | source /dev/stdin
trap 'git push' EXIT
echo push | xargs git
echo origin | xargs git push
xargs -n 1 git push < 名单
xargs -I{} git push {} < 名单
echo push | xargs -I{} git {}
echo push | xargs -I % git %
echo 'git push' | xargs -I{} sh -c '{}'
echo git | xargs -I{} {} push
find . -exec git push \;
find . -maxdepth 0 -execdir git push {} +
find . -name '*.sh' -exec bash -c 'git push' \;
find . -ok git push ';'
(git push)
( git push )
{ git push; }
git push &
git push && true
true && git push
false || git push
true; git push
true;git push;true
git status | git push
git status |& git push
! git push
if git push; then true; fi
if true; then git push; fi
if true; then :; elif git push; then :; fi
while git push; do break; done
until git push; do break; done
for x in 1 2; do git push; done
for ((i=0;i<1;i++)); do git push; done
for ((i=0;i<1;i++)) { git push; }
select x in a; do git push; done
case x in x) git push;; esac
case x in (a|b) :;; *) git push ;; esac
f() { git push; }; f
f () ( git push ); f
function f { git push; }; f
function f() { git push; }; f
[[ -n x ]] && git push
[ -n x ] && git push
(( 1 )) && git push
((git push) )
echo $(git push)
echo "$(git push)"
echo "a $(true "$(git push)")"
echo $( (git push) )
echo $((1 + $(git push)))
echo ${"$"}{x:-$(git push)}
echo "${"$"}{x:-$(git push)}"
X=$(git push)
X=$(git push) true
a=(1 $(git push))
a=(git push); "${"$"}{a[@]}"
diff <(git push) <(true)
tee >(git push) < /dev/null
cat < <(git push)
cat <<< "$(git push)"
>out git push
2>&1 git push
git push > out 2>&1
<in git push
git>out push
git 2>/dev/null push
{fd}>out git push
coproc git push
x=git; $x push
x=push; git $x
x='git push'; $x
x=git; "$x" push
x=git; ${"$"}{x} push
x=xgit; ${"$"}{x#x} push
x=tig; y=push; $(echo $x | rev) $y
set -- git push; "$@"
echo ${"$"}{x@P}
echo ${"$"}{ git push; }
{git,push}
git {push,origin}
g{i,}t push
/usr/bin/gi? push
/usr/bin/g[i]t push
/usr/bin/g*t push
git pus?
git pus[h]
shopt -s extglob; /usr/bin/@(git) push
alias p='git push'; p
git -c alias.p=push p
git config alias.p push && git p
# 注释
`
  .split("\n")
  .filter((line) => line.trim() !== "" && !line.startsWith("#"))
  .concat([
    "echo `git push`",
    'echo "a `git push`"',
    "echo `echo \\`git push\\``",
    "git \\\npush",
    "gi\\\nt push",
    "git\tpush",
    "true\ngit push",
    "# git status\ngit push",
    "true # a comment '\ngit push # '",
    "bash <<EOF\ngit push\nEOF",
    "bash <<'EOF'\ngit push\nEOF",
    "bash <<-EOF\n\tgit push\n\tEOF",
    "bash -s <<EOF\ngit push\nEOF",
    "cat <<EOF | bash\ngit push\nEOF",
    "cat <<EOF\n$(git push)\nEOF",
    "cat <<EOF\n`git push`\nEOF",
    "cat <<A <<B\n1\nA\n$(git push)\nB",
    "cat <<'EOF'\nit's\nEOF\ngit push",
    "cat <<EOF\nit's\nEOF\ngit push",
    "if true\nthen\n  git push\nfi",
    "case $x in\n  a) echo 'a' ;;\n  *) git push ;;\nesac",
    "case $x in a) true;; esac; git push",
    "echo $(case x in x) git push;; esac)",
    'echo "$(cat <<EOF\nx\nEOF\ngit push)"',
    "$\\\n'\\x67it' push",
    "echo '\\'; git push",
    'echo "\\""; git push; echo "\\""',
    "echo $'\\''; git push; echo $'\\''",
    "echo a#b; git push",
    "[[ a == b ]]; git push",
    "a=1\n\n\n( cd 目录 && git push )",
    "f() {\n git push\n}\nf",
    "true &&\n\ngit push",
    "true |\n\n git push",
  ]);

/** Ways to write `rm -rf`; each is held against a rule about `rm -rf*`. */
export const removals: string[] = String.raw`
rm -rf x
rm -fr x
rm -r -f x
rm -f -r x
rm -Rf x
rm -rfv x
rm -vrf x
rm x -rf
rm -r x -f
rm --recursive --force x
rm --recurs --forc x
rm -r --force x
rm --recursive -f x
rm -rf -- x
rm -rf --no-preserve-root /
rm "-rf" x
rm -"r"f x
rm $'-rf' x
rm $x y
x=-rf; rm $x y
x='-r -f'; rm $x y
\rm -rf x
/bin/rm -rf x
/usr/bin/rm -fr x
sudo rm -r -f x
busybox rm -rf x
toybox rm -r -f x
find . -exec rm -rf {} +
find . -exec rm -r -f {} \;
find . | xargs rm -rf
find . -print0 | xargs -0 rm -r -f
echo -rf x | xargs rm
xargs -I{} rm {} -rf < 名单
bash -c 'rm -rf x'
sh -c 'rm -r -f "$1"' _ x
env rm -rf x
timeout 5 rm -fr x
(cd x && rm -rf *)
rm -{r,f} x
rm {-rf,x}
for f in *; do rm -rf "$f"; done
ls | while read f; do rm -rf "$f"; done
eval 'rm -rf x'
chroot / rm -rf x
cd x; rm -rf .
`
  .split("\n")
  .filter((line) => line.trim() !== "");

/** Commands that rules about `git push*` and `rm -rf*` leave alone. */
export const harmless: string[] = String.raw`
git status
git log --oneline
git log --grep push
git commit -m push
git commit -m "git push"
git stash
git stash push
git -C 子目录 status
echo git push
echo "git push"
grep -rn "git push" .
grep -r 'rm -rf' docs
man git-push
rm x
rm -f x
rm -r x
rm *.log
rm -f -- *.tmp
rmdir x
cat <(git status)
find . -name '*.ts'
find "$HOME" -name 'push*'
find . -name x -exec grep -l push {} \;
ls | xargs wc -l
for f in *.ts; do wc -l "$f"; done
for f in git push; do echo "$f"; done
if [ -f x ]; then cat x; fi
[[ -n $X && $Y == a ]] && echo y
case "$1" in a|b) echo a;; *) echo z;; esac
npm run push
python3 -c 'print("git push")'
echo $((1 + 2))
x=$(date +%s); echo "$x"
echo "${"$"}{PATH%%:*}"
tar czf 包.tgz 目录 && ls -l
bash 脚本.sh
timeout 5 git status
sudo apt-get update
printf '%s\n' a b > 文件
arr=(git push); echo "${"$"}{#arr[@]}"
f() { echo hi; }; f
awk '{print $1}' 数据 | sort | uniq -c
sed -n '1,5p' 文件
curl -s https://example.com/git/push
cat <<EOF > 文件
trap 'echo bye' EXIT
`
  .split("\n")
  .filter((line) => line.trim() !== "")
  .concat([
    "cat > 说明.md <<'EOF'\ngit push\nEOF",
    "cat > x <<EOF\nrun git push yourself\nEOF",
    "(( x > 1 )) && echo y",
  ]);
