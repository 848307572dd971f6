# The words of the hub's pages in Russian.

overview = Обзор
tills = Кассы
z-reports = Z-отчёты
skip = К содержанию
pages = Страницы
language-choice = Язык
sign-in = Войти
sign-out = Выйти
name = Имя
password = Пароль
add-person = Человека добавляют на центральном компьютере: { $command }
not-found = Не найдено
no-such-till = Такой кассы нет.
not-available = Недоступно
no-database = Сейчас база данных недоступна. Загрузите страницу ещё раз чуть позже.
wrong-parameters = Неверные параметры
foreign-form = Форма пришла с другого сайта.
unreadable-form = Форму нельзя прочитать.
old-form = Форма устарела. Загрузите страницу заново.
wrong-password = Неверное имя или пароль.
locked = Было пять неверных паролей. Повторите через { $minutes } мин.
busy = Слишком много людей входит одновременно. Повторите попытку.

## Tills

all-tills = Все кассы
only-trouble = Только кассы, требующие внимания
need-a-look = Кассы, требующие внимания
all-trouble = Все кассы, требующие внимания
next-tills = Следующие кассы
no-tills = Касс здесь нет.
silent-tills = Молчат больше пяти минут
cannot-sell-tills = Не могут продавать
offline-tills = Без связи с налоговой
problem-tills = С проблемами
refused-tills = С отклонёнными пакетами
unsent-money = Суммы, не подтверждённые налоговой
unsent-item = { $total }, документов: { $count }
none = Нет.
shop = Магазин
state = Состояние
last-sale = Последняя продажа
unsent = Не отправлено
version = Версия
ago = { $time } назад
never = никогда
state-revoked = отозвана { $time }
state-forked = этот ключ используют два компьютера
state-restored = восстановлена из старой копии
state-no-report = ещё не сообщала о себе
state-not-enrolled = ещё не подключена
state-silent = молчит { $time }
state-cannot-sell = не может продавать
state-offline = без налоговой { $time }
state-problems = проблем: { $count }
state-ready = можно продавать

## One till

till = Касса
documents = Документы
epoch = Эпоха
last-batch = Последний пакет
last-report = Последнее сообщение
waiting = Документов ждут отправки сюда
csv = Документы этой кассы в CSV
problems = Проблемы
begun = с { $time }
refused-batches = Отклонённые пакеты
refused-item = { $why }: документы { $first }–{ $last } эпохи { $epoch }, получены { $time }
why-restored = касса восстановлена из старой копии
why-replaced = компьютер, который был заменён
why-other = документы отличаются от сохранённых
z-of-thirty-days = Z-отчёты за последние тридцать дней

## Z-reports

week-up-to = Неделя по
only-differences = Только с расхождениями
show = Показать
newest = Показаны только последние: { $count }.
more-as-json = Больше в JSON
no-z = Z-отчётов здесь нет.
day = День
total = Итого
remarks = Примечания
missing = Перед этим не хватает Z-отчётов: { $count }
difference = { $name }: касса { $till }, { $side } { $other }

## Lengths of time

less-than-a-minute = меньше минуты
minutes = { $number } мин
hours = { $number } ч
days = { $number } дн.
impossible-time = невозможное время
